using System.Text.Json;
using Graft.Formats;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Tests;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("bloom")]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public async Task A_sound_model_loads(string family)
    {
        string folder = _tiny.CreateModel(family: family, dtype: DType.BFloat16);
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal($"model folder ({family})", result.Summary.GetProperty("kind").GetString());
        Assert.True(result.Summary.GetProperty("loads").GetBoolean());
        Assert.Equal(16, result.Fact("hidden_size").GetInt32());
        Assert.Equal(2, result.Fact("num_hidden_layers").GetInt32());
        Assert.Contains("BPE", result.Fact("tokenizer").GetString());
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        Assert.Equal(weights.Tensors.Count, result.Fact("dtypes").GetProperty("bfloat16").GetInt32());
        Assert.Equal(weights.Tensors.Count, result.Named("tensor").Count());
        Assert.Equal(weights.Tensors.Values.Sum(tensor => tensor.ElementCount), result.Fact("parameters").GetInt64());
    }

    [Fact]
    public async Task Every_tensor_that_does_not_fit_is_listed()
    {
        string folder = _tiny.CreateModel();
        string weights = Path.Combine(folder, "model.safetensors");
        Rewrite(weights, tensors => tensors.Where(tensor => tensor.Name != "transformer.ln_f.bias").Select(tensor => tensor.Name == "transformer.h.1.mlp.dense_4h_to_h.weight"
            ? TensorSource.FromSingles(tensor.Name, [8, 8], new float[64]) : TensorSource.FromEntry(tensor))
            .Concat(Enumerable.Range(0, 30).Select(i => TensorSource.FromSingles($"transformer.extra.{i}", [1], new float[1]))));
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--json");
        Assert.Equal(1, result.Code);
        IReadOnlyList<string> problems = result.Findings("problem");
        Assert.Contains("missing: transformer.ln_f.bias [16]", problems);
        Assert.Contains(problems, problem => problem.StartsWith("wrong shape: transformer.h.1.mlp.dense_4h_to_h.weight is [8, 8] in the file", StringComparison.Ordinal));
        Assert.Equal(30, problems.Count(problem => problem.StartsWith("unexpected: transformer.extra.", StringComparison.Ordinal)));
        Assert.Equal(problems.Count, result.Summary.GetProperty("problems").GetInt32());
    }

    [Fact]
    public async Task An_unknown_family_is_a_problem_but_the_rest_is_still_told()
    {
        string folder = _tiny.CreateModel();
        _tiny.Write("model/config.json", TinyModel.Config().Replace("\"bloom\"", "\"quokka\"", StringComparison.Ordinal));
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Findings("problem"), problem => problem.Contains("model_type 'quokka' is not supported", StringComparison.Ordinal));
        Assert.Equal(2, result.Fact("num_hidden_layers").GetInt32());
        Assert.True(result.Fact("tensors").GetInt32() > 10);
        Assert.Contains("BPE", result.Fact("tokenizer").GetString());
    }

    [Fact]
    public async Task Config_and_weights_that_are_both_broken_are_both_told()
    {
        string folder = _tiny.CreateModel();
        _tiny.Write("model/config.json", TinyModel.Config().Replace("\"n_head\": 2", "\"n_head\": 3", StringComparison.Ordinal));
        Truncate(Path.Combine(folder, "model.safetensors"));
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Findings("problem"), problem => problem.Contains("n_head 3", StringComparison.Ordinal));
        Assert.Contains(result.Findings("problem"), problem => problem.Contains("model.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_billion_layers_are_refused_quickly()
    {
        string folder = _tiny.CreateModel();
        _tiny.Write("model/config.json", TinyModel.Config().Replace("\"n_layer\": 2", "\"n_layer\": 2000000000", StringComparison.Ordinal));
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Findings("problem"), problem => problem.StartsWith("missing: transformer.h.2.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Values_that_are_not_finite_are_found_when_asked_for()
    {
        string folder = _tiny.CreateModel();
        Rewrite(Path.Combine(folder, "model.safetensors"), tensors => tensors.Select(tensor => tensor.Name == "transformer.ln_f.weight"
            ? TensorSource.FromSingles(tensor.Name, [16], Enumerable.Range(0, 16).Select(i => i is 3 ? float.NaN : i is 5 ? float.NegativeInfinity : 1f).ToArray()) : TensorSource.FromEntry(tensor)));
        Assert.Equal(0, (await TinyModel.RunAsync("inspect", folder)).Code);
        ToolResult result = await TinyModel.RunAsync("inspect", folder, "--values", "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains("2 of 16 values are NaN or infinite", Assert.Single(result.Findings("problem")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_tokenizer_and_one_with_a_strange_one()
    {
        string bare = _tiny.CreateModel("bare", withTokenizer: false);
        ToolResult result = await TinyModel.RunAsync("inspect", bare, "--json");
        Assert.Equal(0, result.Code);
        Assert.Contains("there is no tokenizer", Assert.Single(result.Findings("warning")), StringComparison.Ordinal);

        string small = _tiny.Write("config.json", TinyModel.Config().Replace($"\"vocab_size\": {TinyModel.VocabularySize}", "\"vocab_size\": 260", StringComparison.Ordinal));
        Assert.Equal(0, (await TinyModel.RunAsync("init", small, "--into", _tiny.At("small"))).Code);
        File.Copy(Path.Combine(_tiny.CreateModel(), "tokenizer.json"), _tiny.At("small", "tokenizer.json"));
        result = await TinyModel.RunAsync("inspect", _tiny.At("small"), "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains("it belongs to another model", Assert.Single(result.Findings("problem")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_is_tried_on_the_base_model_that_it_names()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        ToolResult result = await TinyModel.RunAsync("inspect", adapter, "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal("adapter folder (LORA)", result.Summary.GetProperty("kind").GetString());
        Assert.True(result.Fact("fits").GetBoolean());
        Assert.Equal(4, result.Fact("r").GetInt32());
        Assert.Equal(2, result.Fact("scaling").GetDouble());
        Assert.Equal(result.Fact("elements").GetInt64(), result.Fact("parameters").GetInt64());
    }

    [Fact]
    public async Task An_adapter_that_does_not_fit_says_why()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string other = _tiny.CreateModel("other", "llama");
        ToolResult result = await TinyModel.RunAsync("inspect", adapter, "--model", other, "--json");
        Assert.Equal(1, result.Code);
        Assert.False(result.Fact("fits").GetBoolean());
        Assert.Contains("query_key_value", result.Findings("problem")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adapter_with_unknown_fields_and_without_effect_is_warned_about()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel(), trained: false);
        string config = Path.Combine(adapter, "adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"r\": 4", "\"r\": 4,\n  \"lora_colour\": \"blue\"", StringComparison.Ordinal));
        ToolResult result = await TinyModel.RunAsync("inspect", adapter, "--json");
        Assert.Equal(0, result.Code);
        Assert.Contains(result.Findings("warning"), warning => warning.Contains("lora_colour", StringComparison.Ordinal));
        Assert.Contains(result.Findings("warning"), warning => warning.Contains("every B is zero", StringComparison.Ordinal));
        Assert.Equal("blue", result.Fact("lora_colour").GetString());
    }

    [Fact]
    public async Task An_adapter_whose_base_is_elsewhere_still_shows_itself()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        Directory.Delete(_tiny.At("model"), recursive: true);
        ToolResult result = await TinyModel.RunAsync("inspect", adapter, "--json");
        Assert.Equal(0, result.Code);
        Assert.Contains("is not a folder here", Assert.Single(result.Findings("note")), StringComparison.Ordinal);
        Assert.True(result.Fact("tensors").GetInt32() > 0);
    }

    [Theory]
    [InlineData("\"LORA\"", "\"VERA\"", "not supported yet")]
    [InlineData("\"LORA\"", "\"LORRA\"", "did you mean 'LORA'")]
    [InlineData("\"r\": 4", "\"r\": 0", "r must be a positive integer")]
    [InlineData("\"r\": 4", "\"r\": ", "not valid JSON")]
    public async Task A_bad_adapter_config_is_a_problem(string old, string replacement, string message)
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string config = Path.Combine(adapter, "adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(old, replacement, StringComparison.Ordinal));
        ToolResult result = await TinyModel.RunAsync("inspect", adapter, "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Findings("problem"), problem => problem.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folder_of_named_adapters_names_them()
    {
        string model = _tiny.CreateModel();
        _tiny.CreateAdapter(model, "both/red");
        _tiny.CreateAdapter(model, "both/blue");
        ToolResult result = await TinyModel.RunAsync("inspect", _tiny.At("both"), "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains("blue, red", Assert.Single(result.Findings("problem")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_and_its_checkpoints_show_where_they_stand()
    {
        string run = Train(steps: 4, saveSteps: 2);
        ToolResult result = await TinyModel.RunAsync("inspect", Path.Combine(run, "checkpoint-2"), "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal("checkpoint with adapter folder (LORA)", result.Summary.GetProperty("kind").GetString());
        Assert.Equal(2, result.Fact("step").GetInt32());
        Assert.Equal(4, result.Fact("max_steps").GetInt32());
        Assert.True(result.Fact("resumable").GetBoolean());
        Assert.True(result.Fact("last_loss").GetDouble() > 0);

        Directory.CreateDirectory(Path.Combine(run, "checkpoint-3.incomplete"));
        result = await TinyModel.RunAsync("inspect", run, "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal([2, 4], result.Named("checkpoint").Select(checkpoint => checkpoint.GetProperty("step").GetInt32()));
        Assert.Contains(result.Findings("warning"), warning => warning.Contains("checkpoint-3.incomplete is left over", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("optimizer.safetensors", true)]
    [InlineData("graft_run.json", true)]
    [InlineData("trainer_state.json", true)]
    [InlineData("optimizer.safetensors", false)]
    public async Task A_damaged_checkpoint_cannot_be_resumed(string file, bool truncate)
    {
        string checkpoint = Path.Combine(Train(steps: 2, saveSteps: 2), "checkpoint-2");
        if (truncate)
        {
            Truncate(Path.Combine(checkpoint, file));
        }
        else
        {
            File.Delete(Path.Combine(checkpoint, file));
        }

        ToolResult result = await TinyModel.RunAsync("inspect", checkpoint, "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(result.Findings("problem"), problem => problem.Contains(file, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_checkpoint_of_another_tool_loads_but_cannot_be_resumed()
    {
        string checkpoint = Path.Combine(Train(steps: 2, saveSteps: 2), "checkpoint-2");
        File.Delete(Path.Combine(checkpoint, "graft_run.json"));
        ToolResult result = await TinyModel.RunAsync("inspect", checkpoint, "--json");
        Assert.Equal(0, result.Code);
        Assert.False(result.Fact("resumable").GetBoolean());
        Assert.Contains(result.Findings("warning"), warning => warning.Contains("checkpoint of another tool", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dataset_shows_columns_rows_and_bad_rows()
    {
        string file = _tiny.Write("data.jsonl", """
            {"prompt": "2 + 2", "completion": "4", "score": 1, "tags": ["sum"]}
            {"prompt": "3 + 4", "completion": "7", "score": 0.5, "tags": []}
            {"prompt": "broken
            {"prompt": "1 + 1", "completion": null, "score": 2, "tags": ["sum", "small"]}
            """);
        ToolResult result = await TinyModel.RunAsync("inspect", file, "--json");
        Assert.Equal(1, result.Code);
        Assert.Equal(3, result.Fact("rows").GetInt32());
        Assert.Equal(1, result.Fact("bad_rows").GetInt32());
        Assert.Contains("data.jsonl:3:", Assert.Single(result.Findings("problem")), StringComparison.Ordinal);
        Dictionary<string, JsonElement> columns = result.Named("column").ToDictionary(column => column.GetProperty("name").GetString()!);
        Assert.Equal("string", columns["prompt"].GetProperty("type").GetString());
        Assert.Equal("float64", columns["score"].GetProperty("type").GetString());
        Assert.Equal("list of string", columns["tags"].GetProperty("type").GetString());
        Assert.Equal(1, columns["completion"].GetProperty("nulls").GetInt32());
        Assert.Equal(4, result.Named("row").Last().GetProperty("line").GetInt32());
        Assert.Equal("2 + 2", result.Named("row").First().GetProperty("values").GetProperty("prompt").GetString());
        Assert.Contains(result.Findings("note"), note => note.Contains("prompt and completion", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("empty.jsonl", "", "no rows")]
    [InlineData("ragged.csv", "a,b\n1,2\n1,2,3\n", "ragged.csv:3")]
    [InlineData("data.parquet", "PAR1", "arquet")]
    [InlineData("unknown.xyz", "hello", "names no data format")]
    [InlineData("broken.json", "[{\"a\": 1}", "broken.json")]
    public async Task A_bad_data_file_is_a_problem(string name, string content, string message)
    {
        ToolResult result = await TinyModel.RunAsync("inspect", _tiny.Write(name, content), "--json");
        Assert.Equal(1, result.Code);
        Assert.Contains(message, string.Join('\n', result.Findings("problem")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_weight_file_lists_its_tensors_and_metadata()
    {
        string file = _tiny.At("weights.safetensors");
        SafetensorsWriter.Write(file, [TensorSource.FromSingles("b", [2, 3], new float[6]), TensorSource.FromBytes("a", DType.Int8, [4], new byte[4])], new Dictionary<string, string> { ["format"] = "pt", ["made_by"] = "hand" });
        ToolResult result = await TinyModel.RunAsync("inspect", file, "--json");
        Assert.Equal(0, result.Code);
        JsonElement tensor = result.Named("tensor").Single(row => row.GetProperty("name").GetString() == "b");
        Assert.Equal("float32", tensor.GetProperty("dtype").GetString());
        Assert.Equal(24, tensor.GetProperty("bytes").GetInt64());
        Assert.Equal([2L, 3L], tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()));
        Assert.Contains(result.Named("metadata"), row => row.GetProperty("key").GetString() == "made_by" && row.GetProperty("value").GetString() == "hand");
        Assert.Contains("int8", Assert.Single(result.Findings("note")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.gguf")]
    [InlineData("tokenizer.json")]
    [InlineData("model.safetensors.index.json")]
    public async Task Garbage_gets_a_verdict(string name)
    {
        foreach (string content in (string[])["", "GGUF", "PK\u0003\u0004", "{", "\u0080\u0002}q\u0000", new string('\u00ff', 100)])
        {
            string file = _tiny.Write(name, content);
            ToolResult result = await TinyModel.RunAsync("inspect", file, "--json");
            Assert.Equal(1, result.Code);
            Assert.NotEmpty(result.Findings("problem"));
        }
    }

    [Fact]
    public async Task Every_truncation_of_a_weight_file_gets_a_verdict()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(_tiny.CreateModel(), "model.safetensors"));
        foreach (int length in (int[])[0, 1, 7, 8, 9, 100, whole.Length / 2, whole.Length - 1])
        {
            string file = _tiny.At("cut.safetensors");
            File.WriteAllBytes(file, whole[..length]);
            ToolResult result = await TinyModel.RunAsync("inspect", file, "--json");
            Assert.Equal(1, result.Code);
        }
    }

    [Fact]
    public async Task A_tokenizer_shows_its_parts()
    {
        string folder = _tiny.CreateModel();
        ToolResult result = await TinyModel.RunAsync("inspect", Path.Combine(folder, "tokenizer.json"), "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal("tokenizer", result.Summary.GetProperty("kind").GetString());
        Assert.Equal("BPE", result.Fact("model").GetString());
        Assert.Equal("</s> (2)", result.Fact("special_tokens").GetProperty("eos_token").GetString());
    }

    [Fact]
    public async Task Text_for_people_has_the_verdict_last_and_hides_long_lists()
    {
        string folder = _tiny.CreateModel();
        ToolResult result = await TinyModel.RunAsync("inspect", folder);
        string[] lines = result.Results.TrimEnd().Split('\n');
        Assert.Contains("model folder (bloom)", lines[0], StringComparison.Ordinal);
        Assert.Equal("verdict: loads", lines[^1]);
        Assert.DoesNotContain("query_key_value.weight", result.Results, StringComparison.Ordinal);
        Assert.Contains("query_key_value.weight", (await TinyModel.RunAsync("inspect", folder, "--all")).Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_there_is_an_error_without_a_stack_trace()
    {
        ToolResult result = await TinyModel.RunAsync("inspect", _tiny.At("nowhere"));
        Assert.Equal(1, result.Code);
        Assert.Contains("there is neither a file nor a folder", result.Progress, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Progress, StringComparison.Ordinal);
        Assert.Contains("it holds no files", (await TinyModel.RunAsync("inspect", _tiny.Root)).Results, StringComparison.Ordinal);
    }

    private string Train(int steps, int saveSteps)
    {
        using PeftModel model = PeftModel.Load(_tiny.CreateModel());
        model.AddAdapter(new LoraConfig { R = 2, TaskType = "CAUSAL_LM" });
        TokenizedSample[] samples = [.. Enumerable.Range(0, 4).Select(i => new TokenizedSample([5 + i, 6, 7, 8], [5 + i, 6, 7, 8], new RowSource("rows", i + 1)))];
        var arguments = new TrainingArguments { OutputDir = _tiny.At("run"), MaxSteps = steps, SaveSteps = saveSteps, LoggingSteps = 1, PerDeviceTrainBatchSize = 2 };
        using var trainer = new Trainer(model, samples, arguments);
        trainer.Train();
        return _tiny.At("run");
    }

    private static void Truncate(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
    }

    private static void Rewrite(string path, Func<IReadOnlyList<TensorEntry>, IEnumerable<TensorSource>> change)
    {
        string copy = path + ".new";
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            SafetensorsWriter.Write(copy, change(file.Tensors));
        }

        File.Move(copy, path, overwrite: true);
    }
}
