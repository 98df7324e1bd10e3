using Xunit;

namespace Graft.Models.Tests.Families;

/// <summary>Llama and the families that are Llama with other switches.</summary>
public sealed class LlamaFamiliesTests
{
    private const string Yarn = """ "rope_parameters": { "rope_type": "yarn", "rope_theta": 100, "factor": 4, "original_max_position_embeddings": 4, "llama_4_scaling_beta": 0.5 }, "head_dim": 8 """;

    public static TheoryData<string, string> Forms => new()
    {
        { "llama", """ "rope_scaling": { "type": "dynamic", "factor": 2 }, "max_position_embeddings": 32, "attention_bias": true, "mlp_bias": true """ },
        { "mistral", """ "sliding_window": 3 """ },
        { "ministral", """ "sliding_window": 2, "layer_types": ["sliding_attention", "full_attention"], "head_dim": 6 """ },
        { "ministral3", Yarn },
        { "qwen2", """ "use_sliding_window": true, "sliding_window": 3, "max_window_layers": 1 """ },
        { "qwen3", """ "head_dim": 6 """ },
        { "smollm3", """ "no_rope_layers": [1, 0], "use_sliding_window": true, "sliding_window": 3 """ },
        { "ernie4_5", """ "head_dim": 8, "use_bias": true """ },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void DecodingGivesTheSameLogits(string family, string options)
    {
        using CausalLanguageModel model = Create(family, options);
        FamilyCheck.DecodingGivesTheSameLogits(model);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void GradientsAreDerivatives(string family, string options)
    {
        using CausalLanguageModel model = Create(family, options);
        FamilyCheck.GradientsAreDerivatives(model);
    }

    [Theory]
    [InlineData("mistral", "", "\"sliding_window\": 4096", true)]
    [InlineData("mistral", "\"sliding_window\": 3", "\"sliding_window\": null", false)]
    [InlineData("qwen2", "\"sliding_window\": 3", "\"use_sliding_window\": false", true)]
    [InlineData("qwen2", "\"use_sliding_window\": true, \"sliding_window\": 3, \"max_window_layers\": 2", "", true)]
    [InlineData("qwen2", "\"use_sliding_window\": true, \"sliding_window\": 3, \"max_window_layers\": 2, \"layer_types\": [\"sliding_attention\", \"full_attention\"]", "", false)]
    [InlineData("smollm3", "", "\"no_rope_layers\": [1, 1]", true)]
    [InlineData("smollm3", "\"no_rope_layer_interval\": 2", "\"no_rope_layers\": [1, 0]", true)]
    [InlineData("smollm3", "", "\"no_rope_layers\": [0, 1]", false)]
    [InlineData("qwen3", "", "\"head_dim\": 128", true)]
    [InlineData("qwen3", "\"head_dim\": null", "\"head_dim\": 4", true)]
    [InlineData("mistral", "\"num_key_value_heads\": null", "\"num_key_value_heads\": 4", true)]
    [InlineData("llama", "\"rope_theta\": 10000", "", true)]
    [InlineData("smollm3", "\"rope_theta\": 2000000", "", true)]
    [InlineData("ernie4_5", "\"rope_theta\": 500000, \"head_dim\": 128, \"rms_norm_eps\": 1e-5", "", true)]
    public void AbsentFieldsMeanTheFamilysDefaults(string family, string first, string second, bool equal)
    {
        using CausalLanguageModel one = Create(family, first);
        using CausalLanguageModel other = Create(family, second);
        Assert.Equal(equal, FamilyCheck.Logits(one).SequenceEqual(FamilyCheck.Logits(other)));
    }

    [Theory]
    [InlineData("ministral", "", "head_dim")]
    [InlineData("ministral", """ "head_dim": 4, "layer_types": ["sliding_attention"] """, "layer_types has 1")]
    [InlineData("qwen2", """ "layer_types": ["sliding_attention", "round_attention"] """, "round_attention")]
    [InlineData("qwen2", """ "layer_types": 3 """, "layer_types")]
    [InlineData("smollm3", """ "no_rope_layers": [1, 0, 1] """, "no_rope_layers")]
    [InlineData("smollm3", """ "no_rope_layers": 1 """, "no_rope_layers")]
    [InlineData("mistral", """ "sliding_window": 0 """, "sliding_window")]
    [InlineData("mistral", """ "num_key_value_heads": 3 """, "num_key_value_heads 3")]
    [InlineData("ministral3", """ "head_dim": 8 """, "rope_parameters")]
    [InlineData("ernie4_5", """ "head_dim": 5 """, "head_dim")]
    public void BadConfigurationsAreRefused(string family, string options, string expected)
        => Assert.Matches(expected, Assert.Throws<InvalidDataException>(() => Create(family, options).Dispose()).Message);

    private static CausalLanguageModel Create(string family, string options)
    {
        string keyValueHeads = options.Contains("num_key_value_heads") ? string.Empty : """ "num_key_value_heads": 2, """;
        string comma = options.Trim().Length == 0 ? string.Empty : ",";
        return FamilyCheck.Create(
            $$"""
            {
              {{options}}{{comma}} {{keyValueHeads}}
              "model_type": "{{family}}", "vocab_size": 12, "hidden_size": 16, "intermediate_size": 10, "num_hidden_layers": 2,
              "num_attention_heads": 4, "initializer_range": 0.4, "pad_token_id": 3
            }
            """);
    }
}
