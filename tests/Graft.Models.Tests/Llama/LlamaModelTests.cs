using System.Text.Json.Nodes;

namespace Graft.Models.Tests.Llama;

public class LlamaModelTests
{
    [Fact]
    public void Rotary_settings_are_read_in_both_spellings()
    {
        JsonObject old = Config();
        old["rope_theta"] = 500.0;
        old["rope_scaling"] = null;
        using var folder = new SmallModel(old.ToJsonString());
        float[] expected = Logits(folder);
        JsonObject today = Config();
        today.Remove("rope_theta");
        today["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 500.0 };
        folder.Config = today.ToJsonString();
        Assert.Equal(expected, Logits(folder));
        today["rope_parameters"]!["rope_theta"] = 10000.0;
        folder.Config = today.ToJsonString();
        Assert.NotEqual(expected, Logits(folder));
    }

    [Fact]
    public void Shared_key_and_value_heads_are_heads_that_are_alike()
    {
        using var grouped = new SmallModel(SmallModel.Llama);
        JsonObject config = Config();
        config["num_key_value_heads"] = 4;
        using var full = new SmallModel(config.ToJsonString());
        foreach (string name in grouped.Names)
        {
            bool isShared = name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("v_proj", StringComparison.Ordinal);
            float[] values = grouped[name];
            // Two heads of six rows each become four.
            int head = values.Length / 2;
            (isShared ? [.. values[..head], .. values[..head], .. values[head..], .. values[head..]] : values).CopyTo(full[name].AsSpan());
        }

        Assert.Equal(Logits(grouped), Logits(full));
    }

    [Fact]
    public void The_head_size_need_not_divide_the_hidden_size()
    {
        JsonObject config = Config();
        config["head_dim"] = 10;
        using var folder = new SmallModel(config.ToJsonString());
        using CausalLanguageModel model = folder.Load();
        Assert.Equal(20, model.Config.KeyValueWidth);
        Assert.All(ModelRun.Logits(model, ModelRun.Tokens(5)), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData("head_dim", "7", "head_dim must be even")]
    [InlineData("num_key_value_heads", "3", "not a multiple of num_key_value_heads")]
    [InlineData("num_attention_heads", "5", "not a multiple of num")]
    [InlineData("hidden_act", "\"tanhh\"", "tanhh")]
    [InlineData("rope_scaling", "{\"type\": \"spiral\"}", "'spiral' is unknown")]
    [InlineData("rope_scaling", "{\"type\": \"llama3\"}", "needs factor")]
    [InlineData("hidden_size", "\"24\"", "must be an integer")]
    [InlineData("num_hidden_layers", "0", "must be positive")]
    public void Settings_that_make_no_model_are_refused(string field, string value, string expected)
    {
        JsonObject config = Config();
        config[field] = JsonNode.Parse(value);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => CausalLanguageModel.Create(ConfigReader.Parse(config.ToJsonString()), seed: 1));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.StartsWith("config.json: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_padding_row_gets_no_gradient_from_look_ups()
    {
        JsonObject config = Config();
        using var folder = new SmallModel(config.ToJsonString());
        using CausalLanguageModel model = folder.Load();
        float[] gradients = ModelRun.Gradients(model, [[5, 0, 7, 0, 9]]).Gradients;
        Assert.All(gradients[..24], value => Assert.Equal(0, value));
        Assert.Contains(gradients[(5 * 24)..(6 * 24)], value => value != 0);
    }

    private static JsonObject Config() => JsonNode.Parse(SmallModel.Llama)!.AsObject();

    private static float[] Logits(SmallModel folder)
    {
        using CausalLanguageModel model = folder.Load();
        return ModelRun.Logits(model, ModelRun.Tokens(9));
    }
}
