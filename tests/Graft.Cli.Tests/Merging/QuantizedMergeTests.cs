using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Cli.Tests.Merging;

public sealed class QuantizedMergeTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("--load-in-4bit", "llama", DType.BFloat16)]
    [InlineData("--load-in-4bit", "gpt2", DType.Float32)]
    [InlineData("--load-in-8bit", "bloom", DType.Float32)]
    public async Task Full_precision_holds_what_codes_and_adapter_add_up_to(string load, string family, DType dtype)
    {
        string model = _tiny.CreateModel(family: family, dtype: dtype);
        string adapter = _tiny.CreateAdapter(model);
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), load, "--json");
        Assert.True(result.Code == 0, result.Results);
        Assert.False(result.Summary.GetProperty("quantized").GetBoolean());
        Assert.InRange(result.Summary.GetProperty("logits_largest").GetDouble(), 0, result.Summary.GetProperty("logits_limit").GetDouble());
        Assert.True(result.Summary.TryGetProperty("decoding_logits_mean", out _));
        using LanguageModel merged = LanguageModel.Load(_tiny.At("merged"));
        Assert.All(merged.NamedWeights(), weight => Assert.Equal(dtype, weight.Slot.Original.DType));
        Assert.DoesNotContain("quantization_config", File.ReadAllText(_tiny.At("merged", "config.json")), StringComparison.Ordinal);

        // The same by the library: decode, then merge.
        using var expected = new PeftModel(LanguageModel.Load(model, Config(load)));
        ModelQuantization.Dequantize(expected.Base, dtype);
        expected.LoadAdapter(adapter);
        expected.MergeAndUnload();
        expected.SaveModel(_tiny.At("expected"));
        Assert.Equal(File.ReadAllBytes(_tiny.At("expected", "model.safetensors")), File.ReadAllBytes(_tiny.At("merged", "model.safetensors")));
    }

    [Theory]
    [InlineData("--load-in-4bit", "nf4 (8)")]
    [InlineData("--load-in-8bit", "int8 (8)")]
    public async Task Kept_quantised_layers_follow_PEFTs_formula(string load, string storage)
    {
        string model = _tiny.CreateModel();
        string adapter = _tiny.CreateAdapter(model);
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("merged"), load, "--keep-quantized", "--json");
        Assert.True(result.Code == 0, result.Results);
        Assert.True(result.Summary.GetProperty("quantized").GetBoolean());
        Assert.True(result.Summary.GetProperty("weights_largest").GetDouble() >= result.Summary.GetProperty("weights_mean").GetDouble());
        Assert.True(result.Summary.GetProperty("logits_mean").GetDouble() > 0);
        using var expected = new PeftModel(LanguageModel.Load(model, Config(load)));
        expected.LoadAdapter(adapter);
        expected.MergeAndUnload();
        expected.SaveModel(_tiny.At("expected"));
        Assert.Equal(File.ReadAllBytes(_tiny.At("expected", "model.safetensors")), File.ReadAllBytes(_tiny.At("merged", "model.safetensors")));
        ToolResult inspected = await TinyModel.RunAsync("inspect", _tiny.At("merged"), "--json");
        Assert.Equal(storage, inspected.Fact("quantized_weights").GetString());
    }

    [Fact]
    public async Task A_folder_that_is_quantised_already_is_merged_both_ways()
    {
        string model = _tiny.CreateModel();
        Assert.Equal(0, (await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-8bit")).Code);
        string adapter = _tiny.CreateAdapter(_tiny.At("q"));
        Assert.Equal(0, (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("kept"), "--keep-quantised")).Code);
        ToolResult plain = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("plain"), "--dtype", "bfloat16");
        Assert.True(plain.Code == 0, plain.Progress);
        Assert.Contains("decoded - quantised", plain.Results, StringComparison.Ordinal);
        using LanguageModel kept = LanguageModel.Load(_tiny.At("kept"));
        using LanguageModel decoded = LanguageModel.Load(_tiny.At("plain"));
        Assert.NotNull(kept.Quantization);
        Assert.Null(decoded.Quantization);
        Assert.All(decoded.NamedWeights(), weight => Assert.Equal(DType.BFloat16, weight.Slot.Original.DType));
    }

    [Fact]
    public async Task The_dtype_of_a_plain_merge_can_be_chosen()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        Assert.Equal(0, (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("half"), "--dtype", "float16")).Code);
        using CheckpointFolder written = CheckpointFolder.Open(_tiny.At("half"));
        Assert.All(written.Tensors.Values, tensor => Assert.Equal(DType.Float16, tensor.DType));
        Assert.Contains("float31' is unknown", (await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("x"), "--dtype", "float31")).Progress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_must_be_something_to_keep()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        ToolResult result = await TinyModel.RunAsync("merge", adapter, "--into", _tiny.At("x"), "--keep-quantized");
        Assert.Equal(1, result.Code);
        Assert.Contains("needs a quantised base model", result.Progress, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.At("x")));
    }

    private static QuantizationConfig Config(string load) => new() { LoadIn4Bit = load == "--load-in-4bit", LoadIn8Bit = load == "--load-in-8bit", Bnb4BitQuantType = FourBitType.NF4 };
}
