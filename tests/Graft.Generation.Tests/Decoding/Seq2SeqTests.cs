using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;
using Xunit;

namespace Graft.Generation.Tests.Decoding;

/// <summary>Encoder-decoders in the engine and in beam search.</summary>
public sealed class Seq2SeqTests
{
    private const string Config =
        """
        {
          "model_type": "t5", "vocab_size": 40, "d_model": 16, "d_kv": 6, "d_ff": 20, "num_layers": 2, "num_heads": 2, "feed_forward_proj": "gated-gelu",
          "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12, "pad_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1,
          "initializer_range": 0.5
        }
        """;

    private static readonly int[][] Sources = [[5, 9, 30, 2], [7], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]];

    [Fact]
    public void ABatchWritesWhatEachSourceGetsAlone()
    {
        using LanguageModel model = LanguageModel.Create(ConfigReader.Parse(Config), seed: 5);
        using var engine = new GenerationEngine(model) { MaximumSequences = 2 };
        GenerationSequence[] together = [.. Sources.Select(source => engine.Add(Request(source)))];
        while (engine.Step())
        {
        }

        Assert.True(together.Select(sequence => string.Join(' ', sequence.NewTokens.ToArray())).Distinct().Count() > 1, "the sources make no difference");
        for (int i = 0; i < Sources.Length; i++)
        {
            using var alone = new GenerationEngine(model);
            GenerationSequence sequence = alone.Add(Request(Sources[i]));
            while (alone.Step())
            {
            }

            Assert.Equal(sequence.Tokens.ToArray(), together[i].Tokens.ToArray());
            Assert.Equal(0, together[i].Tokens[0]);
        }
    }

    [Fact]
    public void BeamsHaveTheLikelihoodOfTheirTokensAndOneIsGreedy()
    {
        using LanguageModel model = LanguageModel.Create(ConfigReader.Parse(Config), seed: 5);
        using var search = new BeamSearch(model);
        foreach (int[] source in Sources)
        {
            GenerationRequest request = Request(source);
            request.Config.NumBeams = 4;
            request.Config.NumReturnSequences = 4;
            request.Config.LengthPenalty = 0;
            foreach (BeamHypothesis found in search.Search(request))
            {
                Assert.Equal(LogLikelihood(model, source, found.Tokens), found.Score, 1e-3);
            }

            GenerationRequest greedy = Request(source);
            using var engine = new GenerationEngine(model);
            GenerationSequence sequence = engine.Add(greedy);
            while (engine.Step())
            {
            }

            greedy.Config.NumBeams = 1;
            Assert.Equal(sequence.Tokens.ToArray(), search.Search(greedy)[0].Tokens);
        }
    }

    [Fact]
    public void SourcesAreCheckedBeforeAnythingRuns()
    {
        using LanguageModel model = LanguageModel.Create(ConfigReader.Parse(Config), seed: 5);
        using var engine = new GenerationEngine(model);
        Assert.Contains("source", Assert.Throws<ArgumentException>(() => engine.Add(Request(null))).Message, StringComparison.Ordinal);
        Assert.Contains("source", Assert.Throws<ArgumentException>(() => engine.Add(Request([]))).Message, StringComparison.Ordinal);
        Assert.Contains("99", Assert.Throws<ArgumentException>(() => engine.Add(Request([99]))).Message, StringComparison.Ordinal);
        GenerationRequest guided = Request([1]);
        guided.Config.GuidanceScale = 2;
        Assert.Throws<NotSupportedException>(() => engine.Add(guided));
        using var causal = new GenerationEngine(CausalLanguageModel.Create(ConfigReader.Parse("""{ "model_type": "bloom", "vocab_size": 40, "hidden_size": 16 }"""), seed: 1));
        Assert.Contains("no source", Assert.Throws<ArgumentException>(() => causal.Add(Request([1]))).Message, StringComparison.Ordinal);
    }

    private static double LogLikelihood(LanguageModel model, int[] source, int[] tokens)
    {
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSource(source);
        context.AddSequence(tokens.AsSpan(0, tokens.Length - 1));
        Tensor logits = model.Logits(context, model.Forward(context));
        double sum = 0;
        for (int i = 0; i < logits.Rows; i++)
        {
            double[] row = Array.ConvertAll(logits.Row(i).ToArray(), value => (double)value);
            sum += row[tokens[i + 1]] - row.Max() - Math.Log(row.Sum(value => Math.Exp(value - row.Max())));
        }

        return sum;
    }

    private static GenerationRequest Request(int[]? source) => new()
    {
        PromptIds = [0],
        SourceIds = source,
        Config = new GenerationConfig { MaxNewTokens = 12, EosTokenId = [1] },
    };
}
