using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

public class ParameterGroupingTests
{
    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.lora_A.default.weight", "Linear", true)]
    [InlineData("model.layers.0.self_attn.q_proj.lora_magnitude_vector.default.weight", "DoraLinearLayer", true)]
    [InlineData("h.0.attn.c_attn.bias", "Conv1D", false)]
    [InlineData("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "Embedding", false)]
    [InlineData("h.0.ln_1.weight", "LayerNorm", false)]
    [InlineData("model.norm.weight", "LlamaRMSNorm", false)]
    [InlineData("model.layers.0.self_attn.q_norm.weight", "Qwen3RMSNorm", false)]
    [InlineData("model.layers.0.Input_LayerNorm.weight", "LlamaRMSNorm", false)]
    [InlineData("model.normal.weight", "Linear", true)]
    [InlineData("model.ln_f.weight", "SomeRMSNorm", true)]
    public void The_trainer_decays_by_name_and_type(string name, string type, bool decays)
        => Assert.Equal(decays, WeightDecayRule.Decays(new TrainableParameter(name, [4, 4], type)));

    [Fact]
    public void There_are_always_two_groups()
    {
        ParameterGrouping grouping = WeightDecayRule.Group([new TrainableParameter("w", [2, 2], "Linear")], 1e-3, 0.1);
        Assert.Equal([0.1, 0], grouping.Groups.Select(group => group.WeightDecay));
        Assert.Equal([0], grouping.GroupOf);
    }

    [Theory]
    [InlineData("q.lora_A.default.weight", new[] { 4, 8 }, "Linear", 1e-3, 0.1)]
    [InlineData("q.lora_B.default.weight", new[] { 8, 4 }, "Linear", 1.6e-2, 0.1)]
    [InlineData("q.lora_B.default.bias", new[] { 8 }, "Linear", 1.6e-2, 0)]
    [InlineData("norm.modules_to_save.default.weight", new[] { 8 }, "LlamaRMSNorm", 1.6e-2, 0.1)]
    [InlineData("ln.modules_to_save.default.weight", new[] { 8 }, "LayerNorm", 1.6e-2, 0)]
    [InlineData("emb.lora_embedding_B.default", new[] { 8, 4 }, "ParameterDict", 1e-6, 0.1)]
    [InlineData("emb.trainable_tokens_delta.default", new[] { 2, 8 }, "ParameterDict", 1e-3, 0.1)]
    public void Lora_plus_makes_b_fast(string name, int[] shape, string type, double rate, double decay)
    {
        ParameterGrouping grouping = new LoraPlus(1e-3, 16, 0.1).Group([new TrainableParameter(name, shape, type)]);
        ParameterGroup group = grouping.Groups[grouping.GroupOf[0]];
        Assert.Equal(rate, group.LearningRate, 1e-12);
        Assert.Equal(decay, group.WeightDecay);
    }
}
