using System.Text.Json.Nodes;

namespace Graft.Models.Tests.Gpt2;

public class Gpt2ModelTests
{
    [Fact]
    public void Mask_buffers_of_old_files_are_no_weights()
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        float[] expected = Logits(folder);
        folder.Rename(name => name["transformer.".Length..]);
        folder.Add("h.0.attn.bias", [1, 1, 32, 32], new float[1024]);
        folder.Add("h.0.attn.masked_bias", [1], [-10000]);
        Assert.Equal(expected, Logits(folder));
    }

    [Theory]
    [InlineData("scale_attn_weights", "false")]
    [InlineData("scale_attn_by_inverse_layer_idx", "true")]
    [InlineData("activation_function", "\"relu\"")]
    [InlineData("layer_norm_epsilon", "0.5")]
    public void A_switch_changes_the_logits(string field, string value)
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        float[] usual = Logits(folder);
        JsonObject config = JsonNode.Parse(SmallModel.Gpt2)!.AsObject();
        config[field] = JsonNode.Parse(value);
        folder.Config = config.ToJsonString();
        float[] other = Logits(folder);
        Assert.Contains(usual.Zip(other), pair => Math.Abs(pair.First - pair.Second) > 1e-3f);
    }

    [Fact]
    public void Scaling_by_the_layer_is_scaling_the_queries_of_each_layer()
    {
        JsonObject config = JsonNode.Parse(SmallModel.Gpt2)!.AsObject();
        config["scale_attn_by_inverse_layer_idx"] = true;
        using var folder = new SmallModel(config.ToJsonString());
        float[] expected = Logits(folder);
        folder.Config = SmallModel.Gpt2;
        float[] weight = folder["transformer.h.1.attn.c_attn.weight"];
        float[] bias = folder["transformer.h.1.attn.c_attn.bias"];
        for (int column = 0; column < 24; column++)
        {
            bias[column] /= 2;
            for (int row = 0; row < 24; row++)
            {
                weight[(row * 72) + column] /= 2;
            }
        }

        ModelRun.AssertClose([.. expected.Select(value => (double)value)], Logits(folder), 1e-5);
    }

    [Fact]
    public void A_sequence_longer_than_the_position_table_is_refused()
    {
        using var folder = new SmallModel(SmallModel.Gpt2);
        using CausalLanguageModel model = folder.Load();
        Assert.Equal(32, model.Config.MaximumPositions);
        ArgumentException e = Assert.Throws<ArgumentException>(() => ModelRun.Logits(model, ModelRun.Tokens(33)));
        Assert.Contains("up to 32 tokens", e.Message, StringComparison.Ordinal);
    }

    private static float[] Logits(SmallModel folder)
    {
        using CausalLanguageModel model = folder.Load();
        return ModelRun.Logits(model, ModelRun.Tokens(9));
    }
}
