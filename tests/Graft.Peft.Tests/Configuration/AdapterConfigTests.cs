using System.Text.Json;

namespace Graft.Peft.Tests.Configuration;

public class AdapterConfigTests
{
    [Fact]
    public void Fields_of_a_later_version_are_reported_and_kept()
    {
        AdapterConfig config = AdapterConfig.Parse("""{"peft_type": "LORA", "r": 2, "option_of_the_future": {"x": [1, 2.50, null]}, "another": true, "runtime_config": {"ephemeral_gpu_offload": false}}""");
        Assert.Equal(["option_of_the_future", "another"], config.UnknownFields.Keys);
        using JsonDocument saved = JsonDocument.Parse(config.ToJson());
        Assert.True(saved.RootElement.GetProperty("another").GetBoolean());
        Assert.Equal(2.5, saved.RootElement.GetProperty("option_of_the_future").GetProperty("x")[1].GetDouble());
        Assert.False(saved.RootElement.TryGetProperty("runtime_config", out _));
        string[] keys = [.. saved.RootElement.EnumerateObject().Select(field => field.Name)];
        Assert.Equal(keys.Order(StringComparer.Ordinal), keys);
    }

    [Fact]
    public void Missing_fields_have_the_defaults_of_peft()
    {
        var lora = (LoraConfig)AdapterConfig.Parse("""{"peft_type": "LORA"}""");
        Assert.Equal((8, 8.0, 0.0, "none"), (lora.R, lora.LoraAlpha, lora.LoraDropout, lora.Bias));
        Assert.Null(lora.TargetModules);
        Assert.Null(lora.TaskType);
        Assert.Equal("true", lora.InitLoraWeights.Name);
        Assert.Empty(lora.UnknownFields);
        Assert.Equal(new LoraConfig().ToJson(), lora.ToJson());
        Assert.Equal(new Ia3Config().ToJson(), AdapterConfig.Parse("""{"peft_type": "IA3"}""").ToJson());
    }

    [Fact]
    public void A_config_is_written_as_it_was_read()
    {
        var config = new LoraConfig
        {
            R = 5,
            LoraAlpha = 7.25,
            LoraDropout = 1e-5,
            TargetModules = ".*(q|v)_proj",
            RankPattern = new Dictionary<string, int> { ["a"] = 3 },
            AlphaPattern = new Dictionary<string, double> { ["b.*"] = 0.5 },
            ModulesToSave = ["head"],
            TrainableTokenIndices = TokenIndices.Of(new Dictionary<string, IReadOnlyList<int>> { ["wte"] = [1, 2] }),
            InitLoraWeights = "gaussian",
            TaskType = "CAUSAL_LM",
        };
        Assert.Equal(config.ToJson(), AdapterConfig.Parse(config.ToJson()).ToJson());
        Assert.Contains("\"lora_alpha\": 7.25,", config.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"lora_dropout\": 1e-05,", config.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"init_lora_weights\": \"gaussian\",", config.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_layer_may_be_a_number()
    {
        var config = (LoraConfig)AdapterConfig.Parse("""{"peft_type": "LORA", "target_modules": ["q_proj"], "layers_to_transform": 0, "layers_pattern": ""}""");
        Assert.Equal([0], config.LayersToTransform!);
        Assert.Contains("\"layers_to_transform\": 0,", config.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 16, false, 2)]
    [InlineData(16, 8, true, 2)]
    [InlineData(3, 1, false, 1.0 / 3)]
    public void The_scaling_is_alpha_over_the_rank_or_its_root(int rank, double alpha, bool rslora, double expected)
        => Assert.Equal(expected, new LoraConfig { UseRslora = rslora }.ScalingOf(rank, alpha), 12);

    [Fact]
    public void Variants_that_exclude_each_other_are_refused()
    {
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => AdapterConfig.Parse("""{"peft_type": "LORA", "use_dora": true, "kasa_config": {"beta": 1}}"""));
        Assert.Contains("use_dora and kasa_config cannot be used together", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LoraConfig { UseDora = true, LoraBias = true }.Validate());
    }
}
