using Graft.Tensors;
using Xunit;

namespace Graft.Models.Tests.Families;

public sealed class T5Tests
{
    // Not the original relu: its kinks spoil differences.
    private const string Original = """ "feed_forward_proj": "gelu", "num_decoder_layers": 1 """;
    private const string Flan = """ "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false """;

    public static TheoryData<string, string> Forms => new()
    {
        { "t5", Original },
        { "t5", Flan },
        { "mt5", """ "num_decoder_layers": 2 """ },
        { "umt5", """ "feed_forward_proj": "gated-silu" """ },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void DecodingGivesTheSameLogits(string family, string options)
    {
        using Seq2SeqLanguageModel model = Create(family, options);
        FamilyCheck.DecodingGivesTheSameLogits(model);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void GradientsAreDerivatives(string family, string options)
    {
        using Seq2SeqLanguageModel model = Create(family, options);
        FamilyCheck.GradientsAreDerivatives(model);
    }

    [Fact]
    public void SequencesDoNotNoticeTheirBatch()
    {
        using Seq2SeqLanguageModel model = Create("t5", Original);
        float[] alone = Logits(model, ([4, 5, 6], [0, 7]));
        float[] together = Logits(model, ([9, 8, 7, 6, 5], [0, 1, 2]), ([4, 5, 6], [0, 7]));
        Assert.Equal(alone, together[^alone.Length..]);
    }

    [Fact]
    public void DecoderReadsTheLabelsOnePlaceLater()
    {
        using Seq2SeqLanguageModel model = Create("t5", """ "decoder_start_token_id": 2, "pad_token_id": 1 """);
        Assert.Equal([2, 8, 1, 9], model.DecoderInputs([8, -100, 9, 4]));
        Assert.Equal([], model.DecoderInputs([]));
        using Seq2SeqLanguageModel silent = Create("t5", """ "pad_token_id": 1 """);
        Assert.Equal(1, silent.DecoderStartTokenId);
        using Seq2SeqLanguageModel nothing = Create("t5", Original);
        Assert.Contains("decoder_start_token_id", Assert.Throws<InvalidDataException>(() => nothing.DecoderStartTokenId).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t5", "", "\"scale_decoder_outputs\": true", true)]
    [InlineData("t5", "", "\"scale_decoder_outputs\": false", false)]
    [InlineData("t5", "\"tie_word_embeddings\": false", "\"scale_decoder_outputs\": false", true)]
    [InlineData("t5", "\"tie_word_embeddings\": false, \"scale_decoder_outputs\": true", "", true)]
    [InlineData("mt5", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", true)]
    [InlineData("umt5", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", false)]
    [InlineData("t5", "\"feed_forward_proj\": \"gelu\"", "\"feed_forward_proj\": \"gelu_new\"", false)]
    public void ScalingAndActivationFollowTheConfiguration(string family, string first, string second, bool equal)
    {
        using Seq2SeqLanguageModel one = Create(family, first);
        using Seq2SeqLanguageModel other = Create(family, second);
        Assert.Equal(equal, FamilyCheck.Logits(one).SequenceEqual(FamilyCheck.Logits(other)));
    }

    [Fact]
    public void BiasTablesLieWhereTheFamilyHasThem()
    {
        using Seq2SeqLanguageModel t5 = Create("t5", Original);
        using Seq2SeqLanguageModel umt5 = Create("umt5", Original);
        Assert.Equal(["decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"], Tables(t5));
        Assert.Equal(3, Tables(umt5).Length);
    }

    [Theory]
    [InlineData(""" "feed_forward_proj": "gated-sharp" """, "feed_forward_proj.*sharp")]
    [InlineData(""" "relative_attention_num_buckets": 2 """, "relative_attention_num_buckets")]
    [InlineData(""" "relative_attention_num_buckets": 16, "relative_attention_max_distance": 8 """, "relative_attention_max_distance")]
    [InlineData(""" "num_heads": 0 """, "num_heads")]
    public void BadConfigurationsAreRefused(string options, string expected)
        => Assert.Matches(expected, Assert.Throws<InvalidDataException>(() => Create("t5", options).Dispose()).Message);

    [Fact]
    public void AModelThatContinuesTextsIsAnotherKind()
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => CausalLanguageModel.Create(ConfigReader.Parse(Config("t5", Original)), seed: 1));
        Assert.Contains("CAUSAL_LM", error.Message, StringComparison.Ordinal);
        using Seq2SeqLanguageModel model = Create("t5", Original);
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSequence([1, 2]);
        Assert.Contains("AddSource", Assert.Throws<ArgumentException>(() => model.Forward(context)).Message, StringComparison.Ordinal);
    }

    private static string[] Tables(LanguageModel model)
        => [.. model.DistinctWeights().Select(weight => weight.Name).Where(name => name.Contains("relative_attention_bias", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static float[] Logits(Seq2SeqLanguageModel model, params (int[] Source, int[] Text)[] texts)
    {
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        foreach ((int[] source, int[] text) in texts)
        {
            context.AddSource(source);
            context.AddSequence(text);
        }

        return model.Logits(context, model.Forward(context)).Span.ToArray();
    }

    private static Seq2SeqLanguageModel Create(string family, string options)
        => (Seq2SeqLanguageModel)LanguageModel.Create(ConfigReader.Parse(Config(family, options)), seed: 3);

    private static string Config(string family, string options)
    {
        string heads = options.Contains("num_heads", StringComparison.Ordinal) ? string.Empty : """ "num_heads": 3, """;
        string buckets = options.Contains("relative_", StringComparison.Ordinal) ? string.Empty : """ "relative_attention_num_buckets": 8, "relative_attention_max_distance": 6, """;
        string comma = options.Trim().Length == 0 ? string.Empty : ",";
        return $$"""
            {
              {{options}}{{comma}} {{heads}} {{buckets}}
              "model_type": "{{family}}", "vocab_size": 12, "d_model": 10, "d_kv": 4, "d_ff": 14, "num_layers": 2, "initializer_range": 0.4
            }
            """;
    }
}
