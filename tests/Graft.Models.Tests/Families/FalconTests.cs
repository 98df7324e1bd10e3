using Graft.Tensors;
using Xunit;

namespace Graft.Models.Tests.Families;

public sealed unsafe class FalconTests
{
    private const string SevenB = """ "multi_query": true, "bias": false """;
    private const string FortyB = """ "new_decoder_architecture": true, "num_kv_heads": 2, "ffn_hidden_size": 20 """;
    private const string ElevenB = """ "new_decoder_architecture": true, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1, "rope_theta": 50 """;
    private const string RefinedWeb = """ "alibi": true, "multi_query": false, "parallel_attn": false, "bias": true """;
    private const string Plain = """ "multi_query": false, "bias": true, "rope_scaling": { "type": "linear", "factor": 2.0 } """;

    public static TheoryData<string> Forms => [SevenB, FortyB, ElevenB, RefinedWeb, Plain];

    [Theory]
    [MemberData(nameof(Forms))]
    public void DecodingGivesTheSameLogits(string options)
    {
        using CausalLanguageModel model = Create(options);
        FamilyCheck.DecodingGivesTheSameLogits(model);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void GradientsAreDerivatives(string options)
    {
        using CausalLanguageModel model = Create(options);
        FamilyCheck.GradientsAreDerivatives(model);
    }

    [Fact]
    public void GroupsOfOneHeadAreTheInterleavedLayout()
    {
        // Weights depend on the seed and the name, so the same names have the same weights.
        using CausalLanguageModel grouped = Create(""" "new_decoder_architecture": true, "num_kv_heads": 4, "num_ln_in_parallel_attn": 1 """);
        using CausalLanguageModel old = Create(""" "multi_query": false """);
        Assert.Equal(FamilyCheck.Logits(old), FamilyCheck.Logits(grouped));
    }

    [Fact]
    public void OneGroupIsMultiQuery()
    {
        using CausalLanguageModel grouped = Create(""" "new_decoder_architecture": true, "num_kv_heads": 1, "num_ln_in_parallel_attn": 1 """);
        using CausalLanguageModel old = Create(""" "multi_query": true """);
        Assert.Equal(FamilyCheck.Logits(old), FamilyCheck.Logits(grouped));
    }

    [Fact]
    public void DefaultsAndOldSpellings()
    {
        using CausalLanguageModel model = CausalLanguageModel.Create(
            ConfigReader.Parse("""{ "model_type": "falcon", "vocab_size": 12, "n_embed": 16, "n_layer": 1, "n_head": 4 }"""), seed: 1);
        Assert.Equal(64, model.DistinctWeights().Single(weight => weight.Name == "transformer.h.0.mlp.dense_h_to_4h.weight").Slot.Original.Shape[0]);
        Assert.Equal([11], model.Config.EosTokenIds);
        Assert.Equal(4, model.Config.KeyValueWidth);
        Assert.Same(model.InputEmbedding.Weight.Original, model.Head.Weight.Original);
    }

    [Theory]
    [InlineData(""" "new_decoder_architecture": true, "num_kv_heads": 3 """, "num_kv_heads 3")]
    [InlineData(""" "new_decoder_architecture": true, "parallel_attn": false """, "parallel_attn")]
    [InlineData(""" "num_ln_in_parallel_attn": 2 """, "num_ln_in_parallel_attn")]
    [InlineData(""" "new_decoder_architecture": true, "num_ln_in_parallel_attn": 3 """, "num_ln_in_parallel_attn")]
    [InlineData(""" "activation": "sharp" """, "activation.*sharp")]
    [InlineData(""" "num_attention_heads": 5 """, "num_attention_heads 5")]
    [InlineData(""" "num_attention_heads": 16 """, "even")]
    public void BadConfigurationsAreRefused(string options, string expected)
        => Assert.Matches(expected, Assert.Throws<InvalidDataException>(() => Create(options).Dispose()).Message);

    private static CausalLanguageModel Create(string options)
        => FamilyCheck.Create(
            $$"""
            {
              "num_attention_heads": 4, {{options}},
              "model_type": "falcon", "vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 2, "initializer_range": 0.4
            }
            """);
}
