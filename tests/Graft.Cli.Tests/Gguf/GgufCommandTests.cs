using System.Text.Json;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Cli.Tests.Gguf;

/// <summary>A GGUF file wherever a model folder may stand.</summary>
public sealed class GgufCommandTests : IClassFixture<Workshop>
{
    private readonly Workshop _workshop;
    private readonly string _file;

    public GgufCommandTests(Workshop workshop)
    {
        _workshop = workshop;
        _file = workshop.NewPath("tiny.gguf");
        if (!File.Exists(_file))
        {
            TinyGguf.Write(_file, workshop.Model);
        }
    }

    [Fact]
    public void An_adapter_is_trained_on_blocks_that_stay_blocks()
    {
        ToolRun run = Train("gguf", "--json", "--test_size", "4", "--max_steps", "12");
        Assert.True(run.Code == 0, run.Results);
        JsonElement[] losses = [.. run.Events.Where(e => e.GetProperty("event").GetString() == "log").Select(e => e.GetProperty("loss"))];
        Assert.True(losses[^1].GetDouble() < losses[0].GetDouble());
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_workshop.NewPath("gguf"), "adapter_config.json")));
        Assert.Equal(_file, config.RootElement.GetProperty("base_model_name_or_path").GetString());
        Assert.Equal("CAUSAL_LM", config.RootElement.GetProperty("task_type").GetString());
        Assert.True(File.Exists(Path.Combine(_workshop.NewPath("gguf"), "tokenizer.json")));
        using PeftModel model = PeftModel.Load(_file);
        model.LoadAdapter(_workshop.NewPath("gguf"));
        Assert.All(model.Base.NamedWeights().Where(weight => weight.Slot.Original.Shape.Length == 2), weight => Assert.IsType<BlockMatrix>(weight.Slot.Original.Quantized));
    }

    [Fact]
    public void Every_verb_takes_the_file()
    {
        Assert.True(Train("verbs").Code == 0);
        string adapter = _workshop.NewPath("verbs");
        ToolRun plan = Workshop.Run("plan", _workshop.Settings, "--model", _file, "--json");
        Assert.True(plan.Code == 0, plan.Results);
        using LanguageModel model = LanguageModel.Load(_file);
        Assert.Equal(model.DistinctWeights().Sum(weight => weight.Slot.Original.Quantized?.ByteLength ?? weight.Slot.Original.Count * 4), plan.Event("summary").GetProperty("weights_bytes").GetInt64());
        Assert.Equal(0, Workshop.Run("preview", _workshop.Settings, "--model", _file).Code);
        ToolRun alone = Workshop.Run("eval", _file, "--data", _workshop.Data, "--template", "{quote} ->: {tags}", "--json");
        ToolRun both = Workshop.Run("eval", adapter, "--data", _workshop.Data, "--json");
        Assert.True(both.Code == 0, both.Results);
        Assert.Equal(alone.Event("summary").GetProperty("model_loss").GetDouble(), both.Event("summary").GetProperty("base_loss").GetDouble());
        Assert.Equal(0, Workshop.Run("generate", "--model", _file, "--prompt", "the cat", "--max-new-tokens", "4").Code);
        Assert.Equal(0, Workshop.Run("generate", "--adapter", adapter, "--which", "both", "--prompt", "the cat", "--max-new-tokens", "4").Code);
        ToolRun inspected = Workshop.Run("inspect", adapter, "--json");
        Assert.True(inspected.Code == 0, inspected.Results);
        Assert.True(inspected.Event("summary").GetProperty("facts").GetProperty("fits").GetBoolean());
    }

    [Fact]
    public void Inspect_says_that_the_file_is_a_model()
    {
        ToolRun run = Workshop.Run("inspect", _file, "--json");
        Assert.True(run.Code == 0, run.Results);
        JsonElement facts = run.Event("summary").GetProperty("facts");
        Assert.Equal("llama", facts.GetProperty("model_type").GetString());
        Assert.Equal("300 tokens", facts.GetProperty("tokenizer").GetString());
        Assert.DoesNotContain(run.Events, e => e.GetProperty("event").GetString() == "finding");
        string link = _workshop.NewPath("link.gguf");
        File.CreateSymbolicLink(link, _file);
        Assert.Equal(new FileInfo(_file).Length, Workshop.Run("inspect", link, "--json").Event("summary").GetProperty("facts").GetProperty("file_size").GetInt64());
    }

    [Fact]
    public void Merging_writes_full_precision_that_computes_the_same()
    {
        Assert.Equal(0, Train("to-merge").Code);
        string merged = _workshop.NewPath("gguf-merged");
        ToolRun run = Workshop.Run("merge", _workshop.NewPath("to-merge"), "--into", merged, "--json");
        Assert.True(run.Code == 0, run.Results);
        Assert.True(run.Event("summary").GetProperty("decoding_logits_largest").GetDouble() < 1e-3);
        using LanguageModel model = LanguageModel.Load(merged);
        Assert.All(model.NamedWeights(), weight => Assert.Equal(DType.Float32, weight.Slot.Original.DType));
        ToolRun adapter = Workshop.Run("eval", _workshop.NewPath("to-merge"), "--data", _workshop.Data, "--json");
        ToolRun plain = Workshop.Run("eval", merged, "--data", _workshop.Data, "--template", "{quote} ->: {tags}", "--json");
        Assert.Equal(adapter.Event("summary").GetProperty("adapter_loss").GetDouble(), plain.Event("summary").GetProperty("model_loss").GetDouble(), 1e-4);
        ToolRun refused = Workshop.Run("merge", _workshop.NewPath("to-merge"), "--into", _workshop.NewPath("never"), "--keep-quantized");
        Assert.Equal(1, refused.Code);
        Assert.Contains("Q4_1 (14), Q8_0 (1) cannot be written", refused.Errors);
        Assert.False(Directory.Exists(_workshop.NewPath("never")));
    }

    [Theory]
    [InlineData("cannot be loaded in 8 or 4 bits of another format", "generate", "--prompt", "x", "--load-in-4bit", "--model")]
    [InlineData("graft convert", "quantize", "--load-in-4bit", "--into", "unused")]
    public void Another_quantisation_is_refused(string message, params string[] command)
    {
        ToolRun run = Workshop.Run([.. command, _file]);
        Assert.Equal(1, run.Code);
        Assert.Contains(message, run.Errors);
    }

    [Fact]
    public void Files_that_are_no_models_are_refused()
    {
        byte[] whole = File.ReadAllBytes(_file);
        string cut = _workshop.NewPath("cut.gguf");
        foreach (int length in (int[])[0, 3, 24, 1000, whole.Length - 1])
        {
            File.WriteAllBytes(cut, whole[..length]);
            ToolRun run = Workshop.Run("train", _workshop.Settings, "--model", cut, "--output", _workshop.NewPath("from-cut"));
            Assert.Equal(1, run.Code);
            Assert.Contains("cut.gguf", run.Errors);
            Assert.False(Directory.Exists(_workshop.NewPath("from-cut")));
        }
    }

    [Fact]
    public void A_file_of_another_kind_is_no_model()
        => Assert.Contains("is neither a model folder nor a GGUF file", _workshop.Train("from-data", "--model", _workshop.Data).Errors);

    [Fact]
    public void A_folder_with_a_file_in_it_says_which_path_to_give()
    {
        Directory.CreateDirectory(_workshop.NewPath("holder"));
        File.Copy(_file, Path.Combine(_workshop.NewPath("holder"), "held.gguf"), overwrite: true);
        ToolRun run = Workshop.Run("generate", "--model", _workshop.NewPath("holder"), "--prompt", "x");
        Assert.Equal(1, run.Code);
        Assert.Contains("held.gguf itself", run.Errors);
    }

    private ToolRun Train(string output, params string[] more) => _workshop.Train(output, ["--model", _file, "--target_modules", "all-linear", .. more]);
}
