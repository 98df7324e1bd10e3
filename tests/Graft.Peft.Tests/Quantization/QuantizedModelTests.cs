using Graft.Formats;
using Graft.Models.Tests.Loading;

namespace Graft.Peft.Tests.Quantization;

public unsafe class QuantizedModelTests
{
    private static readonly QuantizationConfig FourBit = new() { LoadIn4Bit = true, Bnb4BitQuantType = FourBitType.NF4, Bnb4BitUseDoubleQuant = true };
    private static readonly QuantizationConfig EightBit = new() { LoadIn8Bit = true };

    public static TheoryData<string, bool> Models => new()
    {
        { SmallModel.Llama, true }, { SmallModel.Llama, false }, { SmallModel.Bloom, true }, { SmallModel.Bloom, false }, { WithoutDropout(SmallModel.Gpt2), true }, { WithoutDropout(SmallModel.Gpt2), false },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void A_quantised_model_is_saved_and_loaded_with_the_same_bits(string config, bool fourBit)
    {
        using var source = new SmallModel(config);
        using var saved = new TemporaryFolder();
        using PeftModel model = Load(source, fourBit);
        model.SaveModel(saved.Path);
        using PeftModel again = PeftModel.Load(saved.Path);
        Assert.Equal(model.Base.Quantization, again.Base.Quantization);
        Assert.Equal(model.Base.NamedWeights().Select(weight => (weight.Name, weight.Slot.Original.Quantized?.Format)), again.Base.NamedWeights().Select(weight => (weight.Name, weight.Slot.Original.Quantized?.Format)));
        Assert.Equal(AdapterRun.Logits(model), AdapterRun.Logits(again));

        // Once more, from where it lies.
        using var twice = new TemporaryFolder();
        again.SaveModel(twice.Path);
        Assert.Equal(File.ReadAllBytes(saved.File("model.safetensors")), File.ReadAllBytes(twice.File("model.safetensors")));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Adapters_train_on_a_quantised_base_as_on_what_its_codes_stand_for(string config, bool fourBit)
    {
        using var source = new SmallModel(config);
        using PeftModel quantized = Load(source, fourBit);
        using PeftModel plain = Load(source, fourBit);
        ModelQuantization.Dequantize(plain.Base);
        foreach (PeftModel model in new[] { quantized, plain })
        {
            model.AddAdapter(AdapterRun.Lora() with { TargetModules = ModuleSelection.FromString("all-linear") }, seed: 4);
        }

        // In training mode LLM.int8() does not round its inputs.
        Dictionary<string, float[]> expected = AdapterRun.Gradients(plain, training: true), actual = AdapterRun.Gradients(quantized, gradientCheckpointing: true, training: true);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, gradient => AdapterRun.AssertClose(gradient.Value, actual[gradient.Key], 1e-5));
        Assert.All(quantized.Base.NamedWeights(), weight => Assert.False(weight.Slot.Original.RequiresGrad));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Merging_decodes_adds_and_quantises_again(string config, bool fourBit)
    {
        using var source = new SmallModel(config);
        using PeftModel model = Load(source, fourBit);
        model.AddAdapter(AdapterRun.Lora() with { TargetModules = ModuleSelection.FromString("all-linear") }, seed: 4);
        float[] before = AdapterRun.Logits(model);
        using PeftModel expected = Load(source, fourBit);
        ModelQuantization.Dequantize(expected.Base);
        expected.AddAdapter(AdapterRun.Lora() with { TargetModules = ModuleSelection.FromString("all-linear") }, seed: 4);
        expected.MergeAndUnload();
        ModelQuantization.Quantize(expected.Base, fourBit ? FourBit : EightBit);

        model.MergeAdapter();
        float[] merged = AdapterRun.Logits(model);
        Assert.Equal(AdapterRun.Logits(expected), merged);
        model.UnmergeAdapter();
        Assert.Equal(before, AdapterRun.Logits(model));

        using var folder = new TemporaryFolder();
        model.SaveMerged(folder.Path);
        using PeftModel loaded = PeftModel.Load(folder.Path);
        Assert.Equal(merged, AdapterRun.Logits(loaded));
    }

    [Fact]
    public void Merging_to_full_precision_goes_through_decoding()
    {
        using var source = new SmallModel(SmallModel.Llama);
        using PeftModel model = Load(source, fourBit: true);
        model.AddAdapter(AdapterRun.Lora("q_proj", "v_proj"), seed: 4);
        float[] before = AdapterRun.Logits(model);
        ModelQuantization.Dequantize(model.Base);
        using var folder = new TemporaryFolder();
        model.SaveMerged(folder.Path);
        using PeftModel loaded = PeftModel.Load(folder.Path);
        Assert.Null(loaded.Base.Quantization);
        Assert.All(loaded.Base.NamedWeights(), weight => Assert.Equal(DType.Float32, weight.Slot.Original.DType));
        AdapterRun.AssertClose(before, AdapterRun.Logits(loaded), 1e-4);
    }

    [Fact]
    public void Without_an_adapter_a_quantised_model_is_not_trained()
    {
        using var source = new SmallModel(SmallModel.Llama);
        using PeftModel model = Load(source, fourBit: true);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => model.TrainableParameters());
        Assert.Contains("model.layers.0.self_attn.q_proj.weight is stored as nf4", e.Message, StringComparison.Ordinal);
        model.AddAdapter(AdapterRun.Lora("q_proj"));
        Assert.Equal(4, model.TrainableParameters().Count);
    }

    [Fact]
    public void Parameters_are_counted_as_PEFT_counts_them()
    {
        using var source = new SmallModel(SmallModel.Llama);
        using PeftModel plain = new(source.Load());
        using PeftModel eight = Load(source, fourBit: false);
        using PeftModel four = Load(source, fourBit: true);
        Assert.Equal(plain.CountParameters().All, eight.CountParameters().All);
        Assert.Equal(plain.CountParameters().All, four.CountParameters().All);
    }

    [Fact]
    public void A_GGUF_model_is_trained_merged_and_saved_in_full_precision()
    {
        using var source = new SmallModel(GgufConversion.Llama);
        string path = GgufConversion.Convert(source, GgufConversion.Llama, (8, "Q8_0")).Write(source.File("model.gguf"));
        using PeftModel model = PeftModel.Load(path);
        using PeftModel plain = new(source.Load());
        foreach (PeftModel one in new[] { model, plain })
        {
            one.AddAdapter(AdapterRun.Lora("q_proj", "k_proj", "down_proj"), seed: 4);
        }

        Dictionary<string, float[]> expected = AdapterRun.Gradients(plain), actual = AdapterRun.Gradients(model);
        Assert.All(expected, gradient => AdapterRun.AssertClose(gradient.Value, actual[gradient.Key], 1e-5));
        using var folder = new TemporaryFolder();
        model.SaveMerged(folder.Path);
        plain.MergeAndUnload();
        using PeftModel loaded = PeftModel.Load(folder.Path);
        Assert.Equal(AdapterRun.Logits(plain), AdapterRun.Logits(loaded));
        Assert.All(loaded.Base.NamedWeights(), weight => Assert.Equal(DType.Float32, weight.Slot.Original.DType));
    }

    [Fact]
    public void A_GPT2_that_was_a_GGUF_file_is_saved_the_way_round_that_Transformers_has_it()
    {
        using var source = new SmallModel(GgufConversion.Gpt2);
        string path = GgufConversion.Convert(source, GgufConversion.Gpt2, (8, "Q8_0")).Tokenizer(61).Write(source.File("model.gguf"));
        using PeftModel model = PeftModel.Load(path);
        using var folder = new TemporaryFolder();
        model.SaveModel(folder.Path);
        using CheckpointFolder saved = CheckpointFolder.Open(folder.Path);
        Assert.All(source.Names, name => Assert.Equal(source[name], saved.Tensors[name].ToSingles()));
        Assert.Contains("\"t60\":60", File.ReadAllText(folder.File("tokenizer.json")), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("tokenizer_config.json")));
    }

    private static string WithoutDropout(string config) => config.Replace(": 0.1", ": 0.0", StringComparison.Ordinal);

    private static PeftModel Load(SmallModel source, bool fourBit) => new(CausalLanguageModel.Load(source.Write(), fourBit ? FourBit : EightBit));
}
