namespace Graft.Peft.Tests.Combining;

public class WeightedAdapterTests
{
    [Theory]
    [InlineData("cat", null)]
    [InlineData("svd", 5)]
    public void Forms_that_keep_everything_act_like_the_adapters_together(string type, int? rank)
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        using PeftModel model = Two(folder);
        model.SetAdapter("default", "second");
        model.SetScale("default", 0.7f);
        model.SetScale("second", -0.4f);
        float[] both = AdapterRun.Logits(model);
        model.SetScale("default", 1);
        model.SetScale("second", 1);
        model.AddWeightedAdapter(["default", "second"], new WeightedCombination([0.7, -0.4]) { CombinationType = type, SvdRank = rank }, "joined");
        Assert.Equal(["default", "second"], model.ActiveAdapters);
        model.SetAdapter("joined");
        Assert.Empty(model.TrainableParameters());
        var config = (LoraConfig)model.ConfigOf("joined");
        Assert.Equal((5, 5.0, false), (config.R, config.LoraAlpha, config.UseRslora));
        AdapterRun.AssertClose(both, AdapterRun.Logits(model), 2e-5);
    }

    [Fact]
    public void One_adapter_with_weight_one_is_itself()
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        using PeftModel model = Two(folder);
        float[] expected = AdapterRun.Logits(model);
        model.AddWeightedAdapter(["default"], new WeightedCombination([1]), "same");
        model.SetAdapter("same");
        AdapterRun.AssertClose(expected, AdapterRun.Logits(model), 2e-5);
    }

    [Fact]
    public void A_smaller_rank_keeps_the_largest_singular_values()
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        using PeftModel model = Two(folder);
        model.AddWeightedAdapter(["default", "second"], new WeightedCombination([1, 1]) { SvdRank = 2 }, "two");
        model.AddWeightedAdapter(["two"], new WeightedCombination([1]), "again");
        model.SetAdapter("two");
        float[] two = AdapterRun.Logits(model);
        model.SetAdapter("again");
        AdapterRun.AssertClose(two, AdapterRun.Logits(model), 2e-5);
        Assert.Equal(2, ((LoraConfig)model.ConfigOf("two")).R);
    }

    [Fact]
    public void What_cannot_be_combined_is_refused()
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        using PeftModel model = Two(folder);
        Assert.Contains("needs adapters of one rank, but they have 3, 2", Refusal(model, new WeightedCombination([1, 1]) { CombinationType = "linear" }), StringComparison.Ordinal);
        Assert.Contains("2 adapters and 1 weights", Refusal(model, new WeightedCombination([1])), StringComparison.Ordinal);
        Assert.Contains("did you mean 'linear'?", Refusal(model, new WeightedCombination([1, 1]) { CombinationType = "liner" }), StringComparison.Ordinal);
        Assert.Contains("needs a density", Refusal(model, new WeightedCombination([1, 1]) { CombinationType = "ties_svd" }), StringComparison.Ordinal);
        model.AddAdapter(AdapterRun.Lora("c_attn") with { UseDora = true }, "dora");
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => model.AddWeightedAdapter(["default", "dora"], new WeightedCombination([1, 1]), "joined"));
        Assert.Contains("adapter 'dora' has use_dora", e.Message, StringComparison.Ordinal);
        Assert.Equal(["default", "second", "dora"], model.AdapterNames);
    }

    [Fact]
    public void Vectors_of_ia3_are_averaged()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, new Ia3Config { InitIa3Weights = false });
        model.AddAdapter(new Ia3Config { InitIa3Weights = false }, "second", seed: 5);
        float[] first = model.TrainableParameters()[0].Parameter.ToArray();
        model.SetAdapter("second");
        float[] second = model.TrainableParameters()[0].Parameter.ToArray();
        model.AddWeightedAdapter(["default", "second"], new WeightedCombination([0.7, 0.4]), "joined");
        using var target = new TemporaryFolder();
        model.SaveAdapter(target.Path, "joined");
        using var loaded = new PeftModel(folder.Load());
        loaded.LoadAdapter(target.File("joined"), trainable: true);
        Assert.Equal([.. first.Zip(second, (a, b) => (0.7f * a) + (0.4f * b))], loaded.TrainableParameters()[0].Parameter.ToArray());
    }

    private static string Refusal(PeftModel model, WeightedCombination combination)
        => Assert.Throws<ArgumentException>(() => model.AddWeightedAdapter(["default", "second"], combination, "joined")).Message;

    private static PeftModel Two(SmallModel folder)
    {
        PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("c_attn", "wte"));
        model.AddAdapter(AdapterRun.Lora("c_attn", "c_fc") with { R = 2, LoraAlpha = 3 }, "second", seed: 9);
        return model;
    }
}
