using System.Text.Json.Nodes;

namespace Graft.Peft.Tests.Adapters;

public class MergeTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string model in new[] { SmallModel.Bloom, SmallModel.Gpt2, SmallModel.Llama })
            {
                foreach (string kind in new[] { "lora", "dora", "rslora", "embedding", "head", "saved modules", "token rows", "tied", "biases", "lora bias", "ia3" })
                {
                    cases.Add(model, kind);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Merging_keeps_the_logits_and_unmerging_restores_every_bit(string config, string kind)
    {
        using var folder = new SmallModel(config);
        using var model = new PeftModel(folder.Load());
        model.AddAdapter(Config(kind, model.Base));
        Disturb(model);
        Dictionary<string, float[]> weights = Weights(model.Base);
        float[] adapted = AdapterRun.Logits(model);
        model.MergeAdapter();
        Assert.Equal(["default"], model.MergedAdapters);
        AdapterRun.AssertClose(adapted, AdapterRun.Logits(model), 2e-5);
        Assert.Contains(Weights(model.Base), weight => !weight.Value.SequenceEqual(weights[weight.Key]));
        model.UnmergeAdapter();
        Assert.Equal(weights, Weights(model.Base));
        Assert.Equal(adapted, AdapterRun.Logits(model));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_merged_model_is_saved_and_loaded_with_the_same_logits(string config, string kind)
    {
        using var folder = new SmallModel(config);
        using var target = new TemporaryFolder();
        using var model = new PeftModel(folder.Load());
        model.AddAdapter(Config(kind, model.Base));
        Disturb(model);
        float[] adapted = AdapterRun.Logits(model);
        model.SaveMerged(target.Path);
        Assert.Equal(adapted, AdapterRun.Logits(model));
        using CausalLanguageModel merged = CausalLanguageModel.Load(target.Path);
        AdapterRun.AssertClose(adapted, ModelRun.Logits(merged, ModelRun.Tokens(9)), 2e-5);
        bool isTied = ReferenceEquals(merged.Head.Weight.Original, merged.InputEmbedding.Weight.Original);
        Assert.Equal(isTied, JsonNode.Parse(File.ReadAllText(target.File("config.json")))!["tie_word_embeddings"]?.GetValue<bool>() ?? config != SmallModel.Llama);
    }

    [Fact]
    public void Merging_is_for_the_named_adapters_and_drops_the_others()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        model.AddAdapter(AdapterRun.Lora("v_proj"), "second");
        model.SetAdapter("second");
        float[] second = AdapterRun.Logits(model);
        model.SetAdapter("default");
        model.MergeAndUnload("second");
        Assert.Empty(model.AdapterNames);
        AdapterRun.AssertClose(second, AdapterRun.Logits(model), 2e-5);
        Assert.Equal(model.Base.DistinctWeights().Count(), model.TrainableParameters().Count);
    }

    [Fact]
    public void Several_adapters_merge_like_they_act()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "embed_tokens"));
        model.AddAdapter(AdapterRun.Lora("q_proj", "v_proj") with { UseDora = true }, "dora", seed: 3);
        model.AddAdapter(AdapterRun.Lora("q_proj") with { R = 2 }, "third", seed: 4);
        model.SetAdapter("default", "dora", "third");
        float[] active = AdapterRun.Logits(model);
        model.MergeAdapter();
        AdapterRun.AssertClose(active, AdapterRun.Logits(model), 2e-5);
        Assert.Throws<InvalidOperationException>(() => model.AddAdapter(AdapterRun.Lora("q_proj"), "fourth"));
        Assert.Throws<InvalidOperationException>(() => model.DeleteAdapter("third"));
        Assert.Throws<InvalidOperationException>(() => model.SetScale("third", 2));
        using (model.DisableAdapters())
        {
            using PeftModel plain = new(folder.Load());
            Assert.Equal(AdapterRun.Logits(plain), AdapterRun.Logits(model));
        }

        AdapterRun.AssertClose(active, AdapterRun.Logits(model), 2e-5);
    }

    [Fact]
    public void A_value_that_is_not_finite_is_not_merged()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "v_proj"));
        Dictionary<string, float[]> weights = Weights(model.Base);
        model.TrainableParameters()[^1].Parameter.Values[0] = float.NaN;
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => model.MergeAdapter());
        Assert.Contains("NaN into the weights of model.layers.1.self_attn.v_proj", e.Message, StringComparison.Ordinal);
        Assert.Equal(weights, Weights(model.Base));
        Assert.Empty(model.MergedAdapters);
    }

    [Fact]
    public void A_bias_of_the_update_needs_a_bias_to_go_to()
    {
        JsonObject config = JsonNode.Parse(SmallModel.Llama)!.AsObject();
        config["attention_bias"] = false;
        using var folder = new SmallModel(config.ToJsonString());
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj") with { LoraBias = true });
        float[] adapted = AdapterRun.Logits(model);
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => model.MergeAdapter());
        Assert.Contains("model.layers.0.self_attn.q_proj has no bias", e.Message, StringComparison.Ordinal);
        Assert.Equal(adapted, AdapterRun.Logits(model));
    }

    [Fact]
    public void A_model_with_adapters_that_are_not_merged_is_not_saved_as_a_plain_one()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        Assert.Throws<InvalidOperationException>(() => model.SaveModel(target.Path));
        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
    }

    [Fact]
    public void Half_precision_weights_round_the_update_and_then_the_sum()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using CausalLanguageModel narrow = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Llama), 3, DType.BFloat16);
        using var model = new PeftModel(narrow, ownsModel: false);
        model.AddAdapter(AdapterRun.Lora("q_proj"));
        const string Name = "model.layers.0.self_attn.q_proj";
        float[] weight = narrow.NamedWeights().Single(w => w.Name == $"{Name}.weight").Slot.Original.ToArray();
        float[] a = model.TrainableParameters().Single(p => p.Key == $"base_model.model.{Name}.lora_A.weight").Parameter.ToArray();
        float[] b = model.TrainableParameters().Single(p => p.Key == $"base_model.model.{Name}.lora_B.weight").Parameter.ToArray();
        model.MergeAdapter();
        float[] merged = narrow.NamedWeights().Single(w => w.Name == $"{Name}.weight").Slot.Original.ToArray();
        for (int i = 0; i < merged.Length; i++)
        {
            float delta = 0;
            for (int k = 0; k < 3; k++)
            {
                delta = MathF.FusedMultiplyAdd(b[(i / 24 * 3) + k], a[(k * 24) + (i % 24)], delta);
            }

            Assert.Equal(Round(weight[i] + Round(2 * delta)), merged[i]);
        }
    }

    private static float Round(float value) => BFloat16.ToSingle(BFloat16.FromSingle(value));

    private static AdapterConfig Config(string kind, LanguageModel model)
    {
        string embedding = model.InputEmbedding.Name[(model.InputEmbedding.Name.LastIndexOf('.') + 1)..];
        var lora = new LoraConfig { R = 3, LoraAlpha = 4, InitLoraWeights = false, TargetModules = "all-linear" };
        return kind switch
        {
            "dora" => lora with { UseDora = true },
            "rslora" => lora with { UseRslora = true },
            "embedding" => lora with { TargetModules = [embedding] },
            "head" => lora with { TargetModules = ["lm_head"] },
            "saved modules" => lora with { TargetModules = null, ModulesToSave = [embedding] },
            "token rows" => lora with { TargetModules = null, TrainableTokenIndices = TokenIndices.Of(3, 20, 37) },
            "tied" => lora with { TargetModules = [embedding], EnsureWeightTying = true },
            "biases" => lora with { Bias = "all" },
            "lora bias" => lora with { LoraBias = true, TargetModules = null },
            "ia3" => new Ia3Config { InitIa3Weights = false },
            _ => lora,
        };
    }

    /// <summary>Moves every trained value, so that copies of base weights differ from them too.</summary>
    private static void Disturb(PeftModel model)
    {
        ulong key = 1;
        foreach (TrainableParameter parameter in model.TrainableParameters())
        {
            float[] noise = new float[parameter.Parameter.Count];
            CounterRandom.FillUniform(noise, key++, -0.1f, 0.1f);
            for (int i = 0; i < noise.Length; i++)
            {
                parameter.Parameter.Values[i] += noise[i];
            }
        }
    }

    private static Dictionary<string, float[]> Weights(LanguageModel model) => model.NamedWeights().ToDictionary(weight => weight.Name, weight => weight.Slot.Original.ToArray());
}
