using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Cli.Tests;

public sealed class MergeCommandTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("bloom", DType.Float32)]
    [InlineData("bloom", DType.BFloat16)]
    [InlineData("gpt2", DType.Float16)]
    [InlineData("llama", DType.BFloat16)]
    public async Task The_merged_folder_is_a_model_of_the_same_kind(string family, DType dtype)
    {
        string model = _tiny.CreateModel(family: family, dtype: dtype);
        string adapter = _tiny.CreateAdapter(model);
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), "--json");
        Assert.True(result.Code == 0, result.Results);
        Assert.InRange(result.Summary.GetProperty("logits_largest").GetDouble(), 0, result.Summary.GetProperty("logits_limit").GetDouble());
        Assert.True(result.Summary.GetProperty("adapter_effect").GetDouble() > 10 * result.Summary.GetProperty("logits_mean").GetDouble());
        Assert.True(result.Summary.GetProperty("weights_mean").GetDouble() > 0);
        using CausalLanguageModel merged = CausalLanguageModel.Load(_tiny.At("merged"));
        Assert.All(merged.NamedWeights(), weight => Assert.Equal(dtype, weight.Slot.Original.DType));
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "tokenizer.json")), File.ReadAllBytes(_tiny.At("merged", "tokenizer.json")));
        Assert.Equal(File.ReadAllText(Path.Combine(model, "config.json")), File.ReadAllText(_tiny.At("merged", "config.json")));
        Assert.False(Directory.Exists(_tiny.At("merged.incomplete")));
        Assert.Equal(0, (await TinyModel.RunAsync("inspect", _tiny.At("merged"))).Code);
    }

    [Fact]
    public async Task The_weights_are_base_plus_scaled_product()
    {
        string model = _tiny.CreateModel();
        string adapter = _tiny.CreateAdapter(model);
        Assert.Equal(0, (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), "--model", model)).Code);
        const string Layer = "transformer.h.0.self_attention.query_key_value";
        using CheckpointFolder before = CheckpointFolder.Open(model);
        using CheckpointFolder after = CheckpointFolder.Open(_tiny.At("merged"));
        using CheckpointFolder factors = CheckpointFolder.Open(adapter, "adapter_model");
        float[] w = before.Tensors[$"{Layer}.weight"].ToSingles();
        float[] a = factors.Tensors[$"base_model.model.{Layer}.lora_A.weight"].ToSingles();
        float[] b = factors.Tensors[$"base_model.model.{Layer}.lora_B.weight"].ToSingles();
        float[] merged = after.Tensors[$"{Layer}.weight"].ToSingles();
        for (int row = 0; row < 48; row++)
        {
            for (int column = 0; column < 16; column++)
            {
                double expected = w[(row * 16) + column];
                for (int r = 0; r < 4; r++)
                {
                    expected += 2.0 * b[(row * 4) + r] * a[(r * 16) + column];
                }

                Assert.Equal(expected, merged[(row * 16) + column], 1e-5);
            }
        }
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_left_alone_unless_told_otherwise()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string old = _tiny.Write("merged/pytorch_model.bin", "old weights");
        string notes = _tiny.Write("merged/notes.txt", "mine");
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"));
        Assert.Equal(1, result.Code);
        Assert.Contains("is not empty: choose another folder, or add --overwrite", result.Progress, StringComparison.Ordinal);
        Assert.True(File.Exists(old));
        Assert.Equal(0, (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), "--overwrite")).Code);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(notes));
        Assert.Equal(0, (await TinyModel.RunAsync("inspect", _tiny.At("merged"))).Code);
    }

    [Fact]
    public async Task What_is_merged_is_never_written_over()
    {
        string model = _tiny.CreateModel();
        string adapter = _tiny.CreateAdapter(model);
        foreach (string source in (string[])[model, adapter])
        {
            ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", source + "/", "--overwrite");
            Assert.Equal(1, result.Code);
            Assert.Contains("is what is being merged", result.Progress, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_base_is_found_beside_the_adapter_after_a_move()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string config = Path.Combine(adapter, "adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace($"\"{_tiny.At("model")}\"", "\"../model\"", StringComparison.Ordinal));
        Assert.Equal(0, (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"))).Code);
        Directory.Move(_tiny.At("model"), _tiny.At("elsewhere"));
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("again"));
        Assert.Equal(1, result.Code);
        Assert.Contains("give its folder with --model", result.Progress, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.At("again")));
    }

    [Fact]
    public async Task Values_that_are_not_finite_leave_nothing_behind()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string file = Path.Combine(adapter, "adapter_model.safetensors");
        string copy = _tiny.At("broken.safetensors");
        using (SafetensorsFile weights = SafetensorsFile.Open(file))
        {
            SafetensorsWriter.Write(copy, weights.Tensors.Select((tensor, i) => i == 0 ? TensorSource.FromSingles(tensor.Name, tensor.Shape, Enumerable.Repeat(float.NaN, (int)tensor.ElementCount).ToArray()) : TensorSource.FromEntry(tensor)));
        }

        File.Move(copy, file, overwrite: true);
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"));
        Assert.Equal(1, result.Code);
        Assert.Contains("not finite", result.Progress, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(_tiny.Root, "merged*"));
    }

    [Fact]
    public async Task A_full_disk_leaves_nothing_behind()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        using (AtomicFile.Interpose(_ => throw new IOException("No space left on device")))
        {
            ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"));
            Assert.Equal(1, result.Code);
            Assert.Contains("No space left on device", result.Progress, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateDirectories(_tiny.Root, "merged*"));
    }

    [Fact]
    public async Task Without_a_tokenizer_fixed_tokens_are_tried()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel(withTokenizer: false));
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), "--json");
        Assert.Equal(0, result.Code);
        Assert.Equal(64, result.Summary.GetProperty("positions").GetInt32());
    }

    [Fact]
    public async Task An_adapter_that_drowns_in_rounding_is_told()
    {
        string model = _tiny.CreateModel(dtype: DType.BFloat16);
        string adapter = _tiny.CreateAdapter(model, config: new LoraConfig { R = 4, LoraAlpha = 0.0001, TaskType = "CAUSAL_LM", InitLoraWeights = "false" });
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), "--json");
        Assert.Equal(0, result.Code);
        Assert.Contains("rounding to bfloat16", Assert.Single(result.Named("note")).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ia3_merges_too()
    {
        string model = _tiny.CreateModel(family: "llama");
        string adapter = _tiny.CreateAdapter(model, config: new Ia3Config { TaskType = "CAUSAL_LM" });
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"));
        Assert.Equal(0, result.Code);
        Assert.Contains("merged - adapter", result.Results, StringComparison.Ordinal);
    }
}
