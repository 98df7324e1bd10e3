using System.Text.Json;

namespace Graft.Peft.Tests.Lora;

public class LoraPatternsTests
{
    private const string Overlapping = """
        {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM",
         "rank_pattern": {"q_proj": 5, "layers.0.self_attn.q_proj": 7}, "alpha_pattern": {"layers.1.*": 10}}
        """;

    [Fact]
    public void The_first_key_in_the_file_wins()
    {
        var patterns = new LoraPatterns((LoraConfig)AdapterConfig.Parse(Overlapping));
        Assert.Equal(5, patterns.RankOf("model.layers.0.self_attn.q_proj"));
        Assert.Equal(4, patterns.AlphaOf("model.layers.0.self_attn.q_proj"));
        Assert.Equal(10, patterns.AlphaOf("model.layers.1.self_attn.q_proj"));
        Assert.Equal(2, patterns.RankOf("model.layers.0.self_attn.k_proj"));
        Assert.Equal(2, patterns.RankOf("model.layers.0.self_attn.xq_proj"));
    }

    [Fact]
    public void Saving_keeps_an_order_that_matters_and_sorts_one_that_does_not()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        string[] Keys(string json)
        {
            using PeftModel model = AdapterRun.With(folder, AdapterConfig.Parse(json));
            using JsonDocument saved = JsonDocument.Parse(model.ConfigOf("default").ToJson());
            return [.. saved.RootElement.GetProperty("rank_pattern").EnumerateObject().Select(entry => entry.Name)];
        }

        Assert.Equal(["q_proj", "layers.0.self_attn.q_proj"], Keys(Overlapping));
        Assert.Equal(["layers.0.self_attn.q_proj", "layers.1.self_attn.q_proj"], Keys(Overlapping.Replace("\"q_proj\": 5", "\"layers.1.self_attn.q_proj\": 5", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ranks_and_scalings_follow_the_patterns()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        LoraConfig config = AdapterRun.Lora("q_proj") with { RankPattern = new Dictionary<string, int> { ["1.self_attn.q_proj"] = 5 } };
        using PeftModel model = AdapterRun.With(folder, config);
        Assert.Equal([3, 5], model.TrainableParameters().Where(parameter => parameter.Key.Contains("lora_A", StringComparison.Ordinal)).Select(parameter => parameter.Parameter.Shape[0]));
        using PeftModel scaled = AdapterRun.With(folder, config with { AlphaPattern = new Dictionary<string, double> { ["1.self_attn.q_proj"] = 10, ["0.self_attn.q_proj"] = 6 }, LoraAlpha = 1 });
        model.SetScale("default", 1);
        Assert.NotEqual(AdapterRun.Logits(model), AdapterRun.Logits(scaled));
        using PeftModel same = AdapterRun.With(folder, config with { AlphaPattern = new Dictionary<string, double> { ["1.self_attn.q_proj"] = 6, ["0.self_attn.q_proj"] = 6 }, LoraAlpha = 1 });
        Assert.Equal(AdapterRun.Logits(model), AdapterRun.Logits(same));
    }
}
