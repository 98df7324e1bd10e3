namespace Graft.Peft.Tests.Ia3;

public class Ia3Tests
{
    [Theory]
    [InlineData(SmallModel.Bloom, "query_key_value,mlp.dense_4h_to_h", "mlp.dense_4h_to_h")]
    [InlineData(SmallModel.Gpt2, "c_attn,mlp.c_proj", "mlp.c_proj")]
    [InlineData(SmallModel.Llama, "k_proj,v_proj,down_proj", "down_proj")]
    public void Without_targets_the_familys_usual_ones_are_taken(string config, string targets, string feedforward)
    {
        using var folder = new SmallModel(config);
        using PeftModel model = AdapterRun.With(folder, new Ia3Config());
        var resolved = (Ia3Config)model.ConfigOf("default");
        Assert.Equal(targets, string.Join(',', resolved.TargetModules!));
        Assert.Equal(feedforward, string.Join(',', resolved.FeedforwardModules!));
        Assert.All(model.TrainableParameters(), parameter => Assert.All(parameter.Parameter.ToArray(), value => Assert.Equal(1, value)));
    }

    [Fact]
    public void Vectors_lie_along_the_output_or_the_input()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, new Ia3Config());
        Assert.Equal([12, 1], Vector(model, "layers.0.self_attn.k_proj").Shape);
        Assert.Equal([1, 40], Vector(model, "layers.0.mlp.down_proj").Shape);
    }

    [Fact]
    public void Given_targets_still_have_the_usual_feed_forward_layers()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel usual = AdapterRun.With(folder, new Ia3Config { TargetModules = ["k_proj", "down_proj"] });
        Assert.Equal([1, 40], Vector(usual, "layers.0.mlp.down_proj").Shape);
        using PeftModel none = AdapterRun.With(folder, new Ia3Config { TargetModules = ["k_proj", "down_proj"], FeedforwardModules = [] });
        Assert.Equal([24, 1], Vector(none, "layers.0.mlp.down_proj").Shape);
    }

    [Fact]
    public void Two_active_adapters_multiply()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, new Ia3Config());
        model.AddAdapter(new Ia3Config(), "second");
        Fill(model, "default", 2);
        Fill(model, "second", 1.5f);
        model.SetAdapter("default", "second");
        float[] both = AdapterRun.Logits(model);
        Fill(model, "default", 3);
        model.SetAdapter("default");
        AdapterRun.AssertClose(AdapterRun.Logits(model), both, 1e-5);
    }

    [Fact]
    public void Feed_forward_layers_must_be_targets()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new Ia3Config { TargetModules = ["k_proj"], FeedforwardModules = ["down_proj"] }.Validate());
        Assert.Contains("'down_proj' is not among them", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_are_not_linear_are_refused()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        ArgumentException e = Assert.Throws<ArgumentException>(() => AdapterRun.With(folder, new Ia3Config { TargetModules = ["embed_tokens"], FeedforwardModules = [] }));
        Assert.Contains("(IA)³ cannot scale", e.Message, StringComparison.Ordinal);
    }

    private static Parameter Vector(PeftModel model, string module) => model.TrainableParameters().Single(parameter => parameter.Key == $"base_model.model.model.{module}.ia3_l").Parameter;

    private static void Fill(PeftModel model, string adapter, float value)
    {
        model.SetAdapter(adapter);
        foreach (TrainableParameter parameter in model.TrainableParameters())
        {
            parameter.Parameter.Values.Fill(value);
        }
    }
}
