using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Models.Tests.Quantization;

public unsafe class ModelQuantizationTests
{
    private static readonly QuantizationConfig FourBit = new() { LoadIn4Bit = true, Bnb4BitQuantType = FourBitType.NF4, Bnb4BitUseDoubleQuant = true };
    private static readonly QuantizationConfig EightBit = new() { LoadIn8Bit = true };

    [Theory]
    [InlineData(SmallModel.Llama, 14)]
    [InlineData(SmallModel.Bloom, 8)]
    [InlineData(SmallModel.Gpt2, 8)]
    public void All_linear_layers_but_the_head_are_quantised_while_loading(string config, int layers)
    {
        using var folder = new SmallModel(config);
        folder.Write();
        foreach (QuantizationConfig quantization in new[] { FourBit, EightBit })
        {
            using CausalLanguageModel model = CausalLanguageModel.Load(folder.Folder, quantization);
            Assert.Equal(quantization, model.Quantization);
            Linear[] all = [.. model.NamedModules().OfType<Linear>()];
            Assert.Equal(layers, all.Count(layer => layer.Weight.Original.Quantized is not null));
            Assert.Null(model.Head.Weight.Original.Quantized);
            Assert.All(all.Where(layer => layer.Weight.Original.Quantized is not null), layer => Assert.Equal(LinearLayout.OutIn, layer.Layout));
            Assert.All(ModelRun.Logits(model, ModelRun.Tokens(9)), logit => Assert.True(float.IsFinite(logit)));
        }
    }

    [Theory]
    [InlineData(SmallModel.Llama)]
    [InlineData(SmallModel.Gpt2)]
    public void A_quantised_model_computes_with_what_its_codes_stand_for(string config)
    {
        using var folder = new SmallModel(config);
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write(), FourBit);
        float[] quantized = ModelRun.Logits(model, ModelRun.Tokens(9));
        ModelQuantization.Dequantize(model);
        Assert.Null(model.Quantization);
        Assert.All(model.NamedWeights(), weight => Assert.Null(weight.Slot.Original.Quantized));
        ModelRun.AssertClose([.. quantized.Select(value => (double)value)], ModelRun.Logits(model, ModelRun.Tokens(9)), 1e-5);
        using CausalLanguageModel plain = folder.Load();
        Assert.NotEqual(quantized, ModelRun.Logits(plain, ModelRun.Tokens(9)));
    }

    [Theory]
    [InlineData("q_proj", 2)]
    [InlineData("mlp", 0)]
    [InlineData("model.layers.1", 7)]
    [InlineData("model.layers.[01].mlp", 6)]
    [InlineData("_proj", 14)]
    public void Modules_are_skipped_by_the_rules_of_Transformers(string entry, int skipped)
    {
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Llama.Replace("\"rope_theta\"", "\"tie_word_embeddings\": false, \"rope_theta\"", StringComparison.Ordinal)), seed: 1);
        ModelQuantization.Quantize(model, EightBit with { LlmInt8SkipModules = [entry] });
        Assert.Equal(14 - skipped, model.NamedModules().OfType<Linear>().Count(layer => layer.Weight.Original.Quantized is not null && layer != model.Head));

        // The list takes the place of the usual one, on which the head is.
        Assert.NotNull(model.Head.Weight.Original.Quantized);
    }

    [Fact]
    public void A_head_that_is_the_embedding_is_never_quantised()
    {
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Bloom), seed: 1);
        ModelQuantization.Quantize(model, FourBit with { LlmInt8SkipModules = [] });
        Assert.Null(model.Head.Weight.Original.Quantized);
        Assert.Same(model.InputEmbedding.Weight.Original, model.Head.Weight.Original);
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_named()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder["transformer.h.1.mlp.dense_h_to_4h.weight"][(5 * 24) + 7] = float.NaN;
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => CausalLanguageModel.Load(folder.Write(), FourBit));
        Assert.Contains("transformer.h.1.mlp.dense_h_to_4h.weight", e.Message, StringComparison.Ordinal);
        Assert.Contains("row 5, column 7 is NaN", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_skip_entries_are_refused()
    {
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Bloom), seed: 1);
        ArgumentException e = Assert.Throws<ArgumentException>(() => ModelQuantization.Quantize(model, FourBit with { LlmInt8SkipModules = ["a("] }));
        Assert.Contains("'a('", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quantised_model_is_not_quantised_again()
    {
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Bloom), seed: 1);
        ModelQuantization.Quantize(model, FourBit);
        Assert.Contains("already", Assert.Throws<ArgumentException>(() => ModelQuantization.Quantize(model, FourBit)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_are_rounded_to_the_type_that_is_asked_for_before()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        folder.Write();
        using CausalLanguageModel rounded = CausalLanguageModel.Load(folder.Folder, FourBit, DType.BFloat16);
        using CausalLanguageModel plain = CausalLanguageModel.Load(folder.Folder, dtype: DType.BFloat16);
        Assert.All(rounded.DistinctWeights().Where(weight => weight.Slot.Original.Quantized is null), weight => Assert.Equal(DType.BFloat16, weight.Slot.Original.DType));
        Parameter source = plain.NamedWeights().First(weight => weight.Name == "model.layers.0.self_attn.q_proj.weight").Slot.Original;
        var actual = (FourBitMatrix)rounded.NamedWeights().First(weight => weight.Name == "model.layers.0.self_attn.q_proj.weight").Slot.Original.Quantized!;
        FourBitMatrix expected = FourBitQuantizer.Quantize(source.View, FourBitType.NF4, 64, true);
        Assert.Equal(DType.BFloat16, actual.ValueDType);
        Assert.Equal(new ReadOnlySpan<byte>(expected.Packed, (int)expected.PackedLength), new ReadOnlySpan<byte>(actual.Packed, (int)actual.PackedLength));
    }

    [Fact]
    public void Preparing_for_training_widens_what_is_not_quantised_and_freezes_everything()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write(), FourBit, DType.BFloat16);
        float[] before = ModelRun.Logits(model, ModelRun.Tokens(9));
        IReadOnlyList<string> widened = KbitTraining.Prepare(model);
        Assert.Contains("model.norm.weight", widened);
        Assert.DoesNotContain("model.layers.0.self_attn.q_proj.weight", widened);
        Assert.All(model.DistinctWeights(), weight => Assert.False(weight.Slot.Original.RequiresGrad));
        Assert.All(model.DistinctWeights().Where(weight => weight.Slot.Original.Quantized is null), weight => Assert.Equal(DType.Float32, weight.Slot.Original.DType));
        ModelRun.AssertClose([.. before.Select(value => (double)value)], ModelRun.Logits(model, ModelRun.Tokens(9)), 1e-5);
        Assert.Empty(KbitTraining.Prepare(model));
    }

    [Theory]
    [InlineData(true, false, "quantised to 4 bits already")]
    [InlineData(false, true, "quantised to 8 bits already")]
    public void A_folder_of_other_bits_is_refused(bool stored4, bool asked4, string message)
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        string section = stored4 ? "\"load_in_4bit\": true" : "\"load_in_8bit\": true";
        folder.Config = folder.Config.Replace("\"model_type\"", $"\"quantization_config\": {{{section}}}, \"model_type\"", StringComparison.Ordinal);
        ArgumentException e = Assert.Throws<ArgumentException>(() => CausalLanguageModel.Load(folder.Write(), asked4 ? FourBit : EightBit));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }
}
