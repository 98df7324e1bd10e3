using Graft.Tensors;

namespace Graft.Models.Tests.Loading;

public class GgufModelTests
{
    public static TheoryData<string, uint, string> Files
    {
        get
        {
            var files = new TheoryData<string, uint, string>();
            foreach (string config in new[] { GgufConversion.Llama, GgufConversion.Bloom, GgufConversion.Gpt2, GgufConversion.Falcon })
            {
                files.Add(config, 0, "F32");
                files.Add(config, 8, "Q8_0");
                files.Add(config, 2, "Q4_0");
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_gives_the_model_that_it_was_made_of(string config, uint type, string format)
    {
        using var folder = new SmallModel(config);
        string path = GgufConversion.Convert(folder, config, type == 0 ? null : (type, format)).Write(folder.File("model.gguf"));
        using CausalLanguageModel expected = folder.Load();
        using CausalLanguageModel actual = CausalLanguageModel.Load(path);
        Assert.Equal(expected.Config.ModelType, actual.Config.ModelType);
        Dictionary<string, float[]> weights = actual.DistinctWeights().ToDictionary(weight => weight.Name, weight => Values(weight.Slot.Original, isTransposed: config == GgufConversion.Gpt2 && weight.Name.Contains(".h.", StringComparison.Ordinal)));
        Assert.Equal(folder.Names.Order(StringComparer.Ordinal), weights.Keys.Order(StringComparer.Ordinal));
        Assert.All(weights, weight => Assert.Equal(folder[weight.Key], weight.Value));
        Assert.Equal(type != 0, actual.NamedWeights().Any(weight => weight.Slot.Original.Quantized is not null));
        ModelRun.AssertClose([.. ModelRun.Logits(expected, ModelRun.Tokens(9)).Select(value => (double)value)], ModelRun.Logits(actual, ModelRun.Tokens(9)), 1e-5);
        Assert.Equal(ModelRun.Logits(actual, ModelRun.Tokens(9))[^61..], ModelRun.LogitsWithCache(actual, ModelRun.Tokens(9), prefill: 9));
        ModelRun.AssertClose([.. ModelRun.Logits(actual, ModelRun.Tokens(9))[^61..].Select(value => (double)value)], ModelRun.LogitsWithCache(actual, ModelRun.Tokens(9), prefill: 3), 1e-4);
    }

    [Fact]
    public void A_head_of_its_own_is_taken()
    {
        using var folder = new SmallModel(GgufConversion.Llama);
        folder.Add("lm_head.weight", [61, 32], [.. Enumerable.Range(0, 61 * 32).Select(i => MathF.Sin(i))]);
        folder.Config = folder.Config.Replace("\"rms_norm_eps\"", "\"tie_word_embeddings\": false, \"rms_norm_eps\"", StringComparison.Ordinal);
        string path = GgufConversion.Convert(folder, GgufConversion.Llama).Write(folder.File("model.gguf"));
        using CausalLanguageModel expected = folder.Load();
        using CausalLanguageModel actual = CausalLanguageModel.Load(path);
        Assert.Equal(ModelRun.Logits(expected, 5, 9, 2), ModelRun.Logits(actual, 5, 9, 2));
    }

    [Fact]
    public void Weights_that_are_not_in_blocks_can_be_loaded_as_another_type()
    {
        using var folder = new SmallModel(GgufConversion.Llama);
        string path = GgufConversion.Convert(folder, GgufConversion.Llama, (8, "Q8_0")).Write(folder.File("model.gguf"));
        using CausalLanguageModel model = CausalLanguageModel.Load(path, dtype: DType.BFloat16);
        Assert.Equal([DType.UInt8, DType.BFloat16], model.NamedWeights().Select(weight => weight.Slot.Original.DType).Distinct());
        Assert.Throws<ArgumentException>(() => CausalLanguageModel.Load(path, new QuantizationConfig { LoadIn8Bit = true }));
    }

    [Fact]
    public void Everything_that_does_not_fit_is_listed_at_once()
    {
        using var folder = new SmallModel(GgufConversion.Llama);
        string path = GgufConversion.Convert(folder, GgufConversion.Llama)
            .Without("blk.1.ffn_up.weight").Without("output_norm.weight").Tensor("output_norm.weight", [31], new float[31]).Tensor("blk.2.ffn_up.weight", [64, 32], new float[64 * 32])
            .Tensor("rope_freqs.other", [1], [1]).Write(folder.File("model.gguf"));
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => CausalLanguageModel.Load(path));
        Assert.Contains("missing: model.layers.1.mlp.up_proj.weight [64, 32] (blk.1.ffn_up.weight)", e.Message, StringComparison.Ordinal);
        Assert.Contains("wrong shape: output_norm.weight is [31] in the file, the metadata ask for [32]", e.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: blk.2.ffn_up.weight", e.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: rope_freqs.other", e.Message, StringComparison.Ordinal);
        Assert.Equal(4, WeightMismatch.ProblemsOf(e).Count);
    }

    [Theory]
    [InlineData(GgufConversion.Llama)]
    [InlineData(GgufConversion.Bloom)]
    [InlineData(GgufConversion.Falcon)]
    public void Heads_that_do_not_share_out_the_rows_are_an_error_that_names_the_file(string config)
    {
        using var folder = new SmallModel(config);
        string path = GgufConversion.Convert(folder, config).Number("attention.head_count", 5).Number("attention.head_count_kv", 5).Write(folder.File("model.gguf"));
        Exception e = Assert.ThrowsAny<Exception>(() => CausalLanguageModel.Load(path));
        Assert.True(e is InvalidDataException, e.ToString());
        Assert.Contains("model.gguf", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_architectures_and_missing_metadata_are_named()
    {
        using var folder = new SmallModel(GgufConversion.Llama);
        string path = folder.File("model.gguf");
        new SmallGguf("mamba").Write(path);
        Assert.Contains("'mamba' is not supported", Assert.Throws<NotSupportedException>(() => CausalLanguageModel.Load(path)).Message, StringComparison.Ordinal);
        GgufConversion.Convert(folder, GgufConversion.Llama).Without("llama.block_count").Write(path);
        Assert.Contains("lack llama.block_count", Assert.Throws<InvalidDataException>(() => CausalLanguageModel.Load(path)).Message, StringComparison.Ordinal);
        GgufConversion.Convert(folder, GgufConversion.Llama).Number("block_count", int.MaxValue).Write(path);
        Assert.Contains("missing: model.layers.2.", Assert.Throws<InvalidDataException>(() => CausalLanguageModel.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rotary_scaling_is_read()
    {
        using var folder = new SmallModel(GgufConversion.Llama);
        string path = GgufConversion.Convert(folder, GgufConversion.Llama).Text("rope.scaling.type", "linear").Fraction("rope.scaling.factor", 4).Write(folder.File("model.gguf"));
        folder.Config = folder.Config.Replace("\"rope_theta\"", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}, \"rope_theta\"", StringComparison.Ordinal);
        using CausalLanguageModel expected = folder.Load();
        using CausalLanguageModel actual = CausalLanguageModel.Load(path);
        Assert.Equal(ModelRun.Logits(expected, ModelRun.Tokens(9)), ModelRun.Logits(actual, ModelRun.Tokens(9)));
        GgufConversion.Convert(folder, GgufConversion.Llama).Text("rope.scaling.type", "spiral").Fraction("rope.scaling.factor", 4).Write(path);
        Assert.Contains("'spiral' is not supported", Assert.Throws<NotSupportedException>(() => CausalLanguageModel.Load(path)).Message, StringComparison.Ordinal);
    }

    // GPT-2's own order is [in, out].
    private static float[] Values(Parameter weight, bool isTransposed)
    {
        float[] values = weight.ToArray();
        return !isTransposed || weight.Shape.Length == 1 ? values
            : [.. Enumerable.Range(0, values.Length).Select(i => values[(i % weight.Shape[0] * weight.Shape[1]) + (i / weight.Shape[0])])];
    }
}
