namespace Graft.Peft.Tests.Adapters;

public class NewAdapterTests
{
    public static TheoryData<string, string> Cases => new()
    {
        { SmallModel.Bloom, "lora" }, { SmallModel.Gpt2, "lora" }, { SmallModel.Llama, "lora" },
        { SmallModel.Bloom, "gaussian" }, { SmallModel.Gpt2, "dora" }, { SmallModel.Llama, "embedding" }, { SmallModel.Llama, "dora embedding" },
        { SmallModel.Llama, "saved modules" }, { SmallModel.Bloom, "token rows" }, { SmallModel.Bloom, "ia3" }, { SmallModel.Gpt2, "ia3" }, { SmallModel.Llama, "ia3" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_new_adapter_changes_nothing(string model, string kind)
    {
        AdapterConfig config = kind switch
        {
            "lora" => new LoraConfig { TargetModules = "all-linear" },
            "gaussian" => new LoraConfig { InitLoraWeights = "gaussian" },
            "dora" => new LoraConfig { UseDora = true, TargetModules = "all-linear" },
            "embedding" => new LoraConfig { TargetModules = ["embed_tokens", "lm_head"] },
            "dora embedding" => new LoraConfig { UseDora = true, TargetModules = ["embed_tokens"] },
            "saved modules" => new LoraConfig { ModulesToSave = ["norm", "lm_head"] },
            "token rows" => new LoraConfig { TrainableTokenIndices = TokenIndices.Of(4, 20, 3) },
            _ => new Ia3Config(),
        };
        using var folder = new SmallModel(model);
        using var peft = new PeftModel(folder.Load());
        float[] before = AdapterRun.Logits(peft);
        peft.AddAdapter(config);
        AdapterRun.AssertClose(before, AdapterRun.Logits(peft), kind.StartsWith("dora", StringComparison.Ordinal) ? 1e-5 : 0);
        Assert.Contains(AdapterRun.Gradients(peft).Values, gradient => gradient.Any(value => value != 0));
    }

    [Fact]
    public void Values_are_a_function_of_the_seed_and_the_path()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        float[][] Values(ulong seed, LoraConfig config)
        {
            using PeftModel model = AdapterRun.With(folder, config, seed);
            return [.. model.TrainableParameters().Where(parameter => parameter.Key.Contains("q_proj", StringComparison.Ordinal)).Select(parameter => parameter.Parameter.ToArray())];
        }

        LoraConfig config = AdapterRun.Lora("q_proj");
        Assert.Equal(Values(1, config), Values(1, config));
        Assert.Equal(Values(1, config), Values(1, config with { TargetModules = ["v_proj", "q_proj", "down_proj"] }));
        Assert.NotEqual(Values(1, config), Values(2, config));
        float[][] values = Values(1, config);
        Assert.Equal(values.Length, values.Select(value => value[0]).Distinct().Count());
    }

    [Fact]
    public void Values_have_the_distributions_of_peft()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        float[] Values(LoraInitialization init, string name)
        {
            using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("all-linear") with { R = 16, TargetModules = "all-linear", InitLoraWeights = init });
            return [.. model.TrainableParameters().Where(parameter => parameter.Key.EndsWith(name, StringComparison.Ordinal) && !parameter.Key.Contains("down_proj", StringComparison.Ordinal))
                .SelectMany(parameter => parameter.Parameter.ToArray())];
        }

        double bound = 1 / Math.Sqrt(24);
        float[] uniform = Values(true, "lora_A.weight");
        Assert.All(uniform, value => Assert.InRange(value, -bound, bound));
        Assert.InRange(Deviation(uniform), bound / Math.Sqrt(3) * 0.95, bound / Math.Sqrt(3) * 1.05);
        Assert.All(Values(true, "lora_B.weight"), value => Assert.Equal(0, value));
        Assert.InRange(Deviation(Values("gaussian", "lora_A.weight")), 0.95 / 16, 1.05 / 16);
        Assert.All(Values("gaussian", "lora_B.weight"), value => Assert.Equal(0, value));
        float[] b = Values(false, "lora_B.weight");
        Assert.All(b, value => Assert.InRange(value, -0.25, 0.25));
        Assert.InRange(Deviation(b), 0.25 / Math.Sqrt(3) * 0.95, 0.25 / Math.Sqrt(3) * 1.05);
    }

    [Fact]
    public void Parameters_are_counted_and_printed_as_peft_does()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { R = 4 });
        const int Embedding = 61 * 24;
        const int Block = (4 * 24) + (72 * 24) + 72 + (24 * 24) + 24 + (96 * 24) + 96 + (24 * 96) + 24;
        const int Base = Embedding + (2 * 24) + (2 * Block) + (2 * 24);
        const int Lora = 2 * 4 * (24 + 72);
        Assert.Equal((Lora, Base + Lora), model.CountParameters());
        Assert.Equal($"trainable params: {Lora:N0} || all params: {Base + Lora:N0} || trainable%: {100.0 * Lora / (Base + Lora):F4}", model.PrintTrainableParameters());
        model.DeleteAdapter("default");
        Assert.Equal((Base, Base), model.CountParameters());
    }

    [Fact]
    public void A_frozen_adapter_acts_but_does_not_train()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("query_key_value") with { InferenceMode = true });
        Assert.Empty(model.TrainableParameters());
        Assert.StartsWith("trainable params: 0 ||", model.PrintTrainableParameters(), StringComparison.Ordinal);
        using PeftModel plain = new(folder.Load());
        Assert.NotEqual(AdapterRun.Logits(plain), AdapterRun.Logits(model));
    }

    [Fact]
    public void Recomputing_blocks_changes_no_bit_of_an_adapters_gradients()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        foreach (bool dora in new[] { false, true })
        {
            using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "down_proj") with { LoraDropout = 0.2, UseDora = dora });
            foreach (bool training in new[] { false, true })
            {
                Dictionary<string, float[]> plain = AdapterRun.Gradients(model, gradientCheckpointing: false, training);
                foreach ((string key, float[] gradient) in AdapterRun.Gradients(model, gradientCheckpointing: true, training))
                {
                    Assert.Equal(plain[key], gradient);
                }
            }
        }
    }

    private static double Deviation(float[] values)
    {
        double mean = values.Average(value => (double)value);
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
