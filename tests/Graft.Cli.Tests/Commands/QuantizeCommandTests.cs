using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Tests.Commands;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("bloom")]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public async Task Four_bits_are_the_codes_and_keys_of_bitsandbytes(string family)
    {
        string model = _tiny.CreateModel(family: family, dtype: DType.BFloat16);
        ToolResult result = await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-4bit", "--bnb-4bit-use-double-quant", "true", "--json");
        Assert.True(result.Code == 0, result.Results);
        Assert.True(result.Summary.GetProperty("bytes").GetInt64() < result.Summary.GetProperty("bytes_before").GetInt64());
        Assert.True(result.Summary.GetProperty("weights_largest").GetDouble() is > 0 and < 0.02);
        Assert.True(result.Summary.GetProperty("logits_largest").GetDouble() > 0);
        using LanguageModel plain = LanguageModel.Load(model);
        ModelQuantization.Quantize(plain, new QuantizationConfig { LoadIn4Bit = true, Bnb4BitQuantType = FourBitType.NF4, Bnb4BitUseDoubleQuant = true });
        using CheckpointFolder written = CheckpointFolder.Open(_tiny.At("q"));
        Linear[] layers = [.. plain.NamedModules().OfType<Linear>().Where(layer => layer.Weight.Original.Quantized is not null)];
        Assert.Equal(layers.Length, result.Summary.GetProperty("quantized_tensors").GetInt32());
        foreach (Linear layer in layers)
        {
            string name = $"{layer.Name}.weight";
            Assert.Contains($"{name}.quant_state.bitsandbytes__nf4", written.Tensors.Keys);
            Assert.Contains($"{name}.nested_absmax", written.Tensors.Keys);
            Assert.Equal(Packed((FourBitMatrix)layer.Weight.Original.Quantized!), Bytes(written.Tensors[name]));
        }

        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(_tiny.At("q", "config.json")));
        JsonElement quantization = config.RootElement.GetProperty("quantization_config");
        Assert.Equal("bitsandbytes", quantization.GetProperty("quant_method").GetString());
        Assert.True(quantization.GetProperty("load_in_4bit").GetBoolean());
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "tokenizer.json")), File.ReadAllBytes(_tiny.At("q", "tokenizer.json")));
    }

    [Fact]
    public async Task Eight_bits_have_scales_of_rows_and_a_format()
    {
        string model = _tiny.CreateModel(family: "llama");
        ToolResult result = await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-8bit", "--llm-int8-threshold", "5", "--llm-int8-skip-modules", "lm_head", "down_proj");
        Assert.True(result.Code == 0, result.Progress);
        Assert.Contains("model.layers.0.mlp.down_proj", result.Results, StringComparison.Ordinal);
        using CheckpointFolder written = CheckpointFolder.Open(_tiny.At("q"));
        Assert.Equal(DType.Int8, written.Tensors["model.layers.1.self_attn.q_proj.weight"].DType);
        Assert.Equal(DType.Float32, written.Tensors["model.layers.1.self_attn.q_proj.SCB"].DType);
        Assert.Contains("model.layers.1.self_attn.q_proj.weight_format", written.Tensors.Keys);
        Assert.Equal(DType.Float32, written.Tensors["model.layers.1.mlp.down_proj.weight"].DType);
        using LanguageModel again = LanguageModel.Load(_tiny.At("q"));
        Assert.Equal(5, again.Quantization!.LlmInt8Threshold);
        Assert.Equal(["lm_head", "down_proj"], again.Quantization.LlmInt8SkipModules);
    }

    [Fact]
    public async Task The_dtype_of_what_is_not_quantised_can_be_chosen_and_config_names_it()
    {
        string model = _tiny.CreateModel(dtype: DType.BFloat16);
        string file = Path.Combine(model, "config.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("{\"model_type\"", "{\"dtype\": \"bfloat16\", \"model_type\"", StringComparison.Ordinal));
        ToolResult result = await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-8bit", "--dtype", "torch.float32");
        Assert.True(result.Code == 0, result.Progress);
        using CheckpointFolder written = CheckpointFolder.Open(_tiny.At("q"));
        Assert.DoesNotContain(written.Tensors.Values, tensor => tensor.DType == DType.BFloat16);
        Assert.Equal("float32", ConfigReader.Open(_tiny.At("q", "config.json")).Text(string.Empty, "dtype"));
        Assert.Equal(0, (await TinyModel.RunAsync("convert", model, "--into", _tiny.At("half"), "--dtype", "float16")).Code);
        Assert.Equal("float16", ConfigReader.Open(_tiny.At("half", "config.json")).Text(string.Empty, "dtype"));
        Assert.Equal(0, (await TinyModel.RunAsync("convert", model, "--into", _tiny.At("same"))).Code);
        Assert.Equal(File.ReadAllText(file), File.ReadAllText(_tiny.At("same", "config.json")));
    }

    [Fact]
    public async Task Converting_to_a_plain_dtype_takes_it_back()
    {
        string model = _tiny.CreateModel(family: "gpt2");
        Assert.Equal(0, (await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-4bit")).Code);
        ToolResult result = await TinyModel.RunAsync("convert", _tiny.At("q"), "--into", _tiny.At("plain"), "--dtype", "float32");
        Assert.True(result.Code == 0, result.Progress);
        Assert.DoesNotContain("quantization_config", File.ReadAllText(_tiny.At("plain", "config.json")), StringComparison.Ordinal);
        using LanguageModel quantized = LanguageModel.Load(_tiny.At("q"));
        using LanguageModel plain = LanguageModel.Load(_tiny.At("plain"));
        Parameter codes = quantized.NamedWeights().First(weight => weight.Name == "transformer.h.0.attn.c_attn.weight").Slot.Original;
        Parameter values = plain.NamedWeights().First(weight => weight.Name == "transformer.h.0.attn.c_attn.weight").Slot.Original;
        Assert.Equal([48, 16], codes.Shape);
        Assert.Equal([16, 48], values.Shape);
        Assert.Equal(codes.ToArray()[(5 * 16) + 3], values.ToArray()[(3 * 48) + 5]);
        ToolResult back = await TinyModel.RunAsync("convert", _tiny.At("q"), "--into", _tiny.At("same"));
        Assert.Equal(0, back.Code);
        Assert.Equal(File.ReadAllBytes(_tiny.At("q", "model.safetensors")), File.ReadAllBytes(_tiny.At("same", "model.safetensors")));
    }

    [Theory]
    [InlineData(2, "--load-in-4bit or --load-in-8bit")]
    [InlineData(1, "cannot both be true", "--load-in-4bit", "--load-in-8bit")]
    [InlineData(1, "leaves nothing to quantise", "--load-in-4bit", "--llm-int8-skip-modules", "transformer")]
    [InlineData(1, "not a valid regular expression", "--load-in-4bit", "--llm-int8-skip-modules", "(")]
    public async Task A_mistake_leaves_nothing(int code, string message, params string[] flags)
    {
        ToolResult result = await TinyModel.RunAsync(["quantize", _tiny.CreateModel(), "--into", _tiny.At("q"), .. flags]);
        Assert.Equal(code, result.Code);
        Assert.Contains(message, result.Progress, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(_tiny.Root, "q*"));
    }

    [Fact]
    public async Task What_is_no_plain_model_is_refused()
    {
        string model = _tiny.CreateModel();
        string adapter = _tiny.CreateAdapter(model);
        Assert.Contains("is an adapter", (await TinyModel.RunAsync("quantize", adapter, "--into", _tiny.At("x"), "--load-in-4bit")).Progress, StringComparison.Ordinal);
        Assert.Contains("what is being quantised", (await TinyModel.RunAsync("quantize", model, "--into", model, "--load-in-4bit", "--overwrite")).Progress, StringComparison.Ordinal);
        Assert.Equal(0, (await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-4bit")).Code);
        Assert.Contains("quantised already (nf4 (8))", (await TinyModel.RunAsync("quantize", _tiny.At("q"), "--into", _tiny.At("x"), "--load-in-8bit")).Progress, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.At("x")));
    }

    [Fact]
    public async Task A_full_disk_leaves_nothing_behind()
    {
        string model = _tiny.CreateModel();
        using (AtomicFile.Interpose(_ => throw new IOException("No space left on device")))
        {
            ToolResult result = await TinyModel.RunAsync("quantize", model, "--into", _tiny.At("q"), "--load-in-4bit");
            Assert.Equal(1, result.Code);
            Assert.Contains("No space left on device", result.Progress, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateDirectories(_tiny.Root, "q*"));
    }

    private static unsafe byte[] Packed(FourBitMatrix matrix) => new ReadOnlySpan<byte>(matrix.Packed, (int)matrix.PackedLength).ToArray();

    private static unsafe byte[] Bytes(TensorEntry entry) => new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteLength).ToArray();
}
