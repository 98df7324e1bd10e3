namespace Graft.Peft.Tests.Adapters;

public class SeveralAdaptersTests
{
    [Fact]
    public void Active_adapters_add_up()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = Three(folder);
        model.SetAdapter("default", "second");
        float[] both = AdapterRun.Logits(model);

        // The same two updates in one adapter of rank 5: the ranks side by side, the scaling of each in its B.
        using PeftModel joined = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "v_proj") with { R = 5, LoraAlpha = 5 });
        foreach (TrainableParameter parameter in joined.TrainableParameters())
        {
            float[] first = Values(model, "default", parameter.Key);
            float[] second = Values(model, "second", parameter.Key);
            bool isA = parameter.Key.Contains("lora_A", StringComparison.Ordinal);
            float[] values = isA ? [.. first, .. second] : [.. Enumerable.Range(0, parameter.Parameter.Shape[0]).SelectMany(row => first[(row * 3)..((row * 3) + 3)].Select(b => 2 * b).Concat(second[(row * 2)..((row * 2) + 2)].Select(b => 4 * b)))];
            values.CopyTo(parameter.Parameter.Values);
        }

        AdapterRun.AssertClose(AdapterRun.Logits(joined), both, 1e-5);
    }

    [Fact]
    public void The_first_adapter_becomes_active_and_later_ones_wait()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        float[] first = AdapterRun.Logits(model);
        model.AddAdapter(AdapterRun.Lora("k_proj"), "second");
        Assert.Equal(["default", "second"], model.AdapterNames);
        Assert.Equal(["default"], model.ActiveAdapters);
        Assert.Equal(first, AdapterRun.Logits(model));
        Assert.All(model.TrainableParameters(), parameter => Assert.Contains("q_proj", parameter.Key, StringComparison.Ordinal));
        model.SetAdapter("second");
        Assert.NotEqual(first, AdapterRun.Logits(model));
        Assert.All(model.TrainableParameters(), parameter => Assert.Contains(".second.", parameter.Name, StringComparison.Ordinal));
        model.SetAdapter("default");
        Assert.Equal(first, AdapterRun.Logits(model));
    }

    [Fact]
    public void Disabling_gives_the_base_model_and_ends_with_the_scope()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel plain = new(folder.Load());
        float[] before = AdapterRun.Logits(plain);
        using PeftModel model = Three(folder);
        float[] adapted = AdapterRun.Logits(model);
        using (model.DisableAdapters())
        {
            Assert.Equal(before, AdapterRun.Logits(model));
            using (model.DisableAdapters())
            {
                Assert.Equal(before, AdapterRun.Logits(model));
            }

            Assert.Equal(before, AdapterRun.Logits(model));
        }

        Assert.Equal(adapted, AdapterRun.Logits(model));
        model.SetAdapter();
        Assert.Equal(before, AdapterRun.Logits(model));
    }

    [Fact]
    public void Deleting_leaves_no_trace()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = new(folder.Load());
        float[] before = AdapterRun.Logits(model);
        model.AddAdapter(AdapterRun.Lora("q_proj") with { ModulesToSave = ["lm_head"], TrainableTokenIndices = TokenIndices.Of(3, 4) });
        model.AddAdapter(AdapterRun.Lora("v_proj") with { Bias = "all" }, "second");
        model.DeleteAdapter("default");
        Assert.Equal(["second"], model.ActiveAdapters);
        model.DeleteAdapter("second");
        Assert.Empty(model.ActiveAdapters);
        Assert.Equal(before, AdapterRun.Logits(model));
        model.AddAdapter(AdapterRun.Lora("v_proj"));
        Assert.NotEqual(before, AdapterRun.Logits(model));
    }

    [Fact]
    public void Scaling_an_adapter_is_scaling_its_alpha()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel half = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "embed_tokens") with { LoraAlpha = 3 });
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "embed_tokens"));
        model.SetScale("default", 0.5f);
        Assert.Equal(AdapterRun.Logits(half), AdapterRun.Logits(model));
    }

    [Fact]
    public void Names_and_methods_that_do_not_go_together_are_refused()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = Three(folder);
        Assert.Contains("there is an adapter 'second' already", Refusal(() => model.AddAdapter(AdapterRun.Lora("q_proj"), "second")), StringComparison.Ordinal);
        Assert.Contains("different peft types", Refusal(() => model.AddAdapter(new Ia3Config(), "ia3")), StringComparison.Ordinal);
        Assert.Contains("cannot be an adapter's name", Refusal(() => model.AddAdapter(AdapterRun.Lora("q_proj"), "a.b")), StringComparison.Ordinal);
        Assert.Contains("cannot be an adapter's name", Refusal(() => model.AddAdapter(AdapterRun.Lora("q_proj"), "../b")), StringComparison.Ordinal);
        Assert.Contains("did you mean 'second'?", Refusal(() => model.SetAdapter("secnd")), StringComparison.Ordinal);
        model.AddAdapter(AdapterRun.Lora("q_proj") with { Bias = "lora_only" }, "biased");
        Assert.Contains("'biased' does", Refusal(() => model.AddAdapter(AdapterRun.Lora("q_proj") with { Bias = "all" }, "other")), StringComparison.Ordinal);
        Assert.Equal(["default", "second", "third", "biased"], model.AdapterNames);
    }

    private static string Refusal(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;

    private static PeftModel Three(SmallModel folder)
    {
        PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "v_proj"));
        model.AddAdapter(AdapterRun.Lora("q_proj", "v_proj") with { R = 2, LoraAlpha = 8 }, "second", seed: 2);
        model.AddAdapter(AdapterRun.Lora("k_proj"), "third", seed: 3);
        return model;
    }

    private static float[] Values(PeftModel model, string adapter, string key)
    {
        IReadOnlyList<string> active = model.ActiveAdapters;
        model.SetAdapter(adapter);
        float[] values = model.TrainableParameters().Single(parameter => parameter.Key == key).Parameter.ToArray();
        model.SetAdapter([.. active]);
        return values;
    }
}
