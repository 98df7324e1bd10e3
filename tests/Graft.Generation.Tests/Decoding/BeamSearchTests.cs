using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;
using static Graft.Generation.Tests.Decoding.EngineRuns;
using static Graft.Generation.Tests.TinyModels;

namespace Graft.Generation.Tests.Decoding;

public class BeamSearchTests
{
    [Theory]
    [MemberData(nameof(Families), MemberType = typeof(TinyModels))]
    public void Scores_are_the_texts_log_probabilities(string family)
    {
        using CausalLanguageModel model = Create(family);
        IReadOnlyList<BeamHypothesis> found = Search(model, """{"num_beams":4,"num_return_sequences":4,"max_new_tokens":6,"length_penalty":0.5,"eos_token_id":[9,19,29,39,49,59]}""");
        Assert.Equal(4, found.Count);
        Assert.Equal(found.Select(text => text.Score).OrderDescending(), found.Select(text => text.Score));
        Assert.Equal(4, found.Select(text => string.Join(' ', text.Tokens)).Distinct().Count());
        foreach (BeamHypothesis text in found)
        {
            int length = text.Tokens.Length - 5;
            Assert.Equal(LogProbability(model, text.Tokens, 5) / Math.Sqrt(length), text.Score, 1e-4);
            Assert.Equal(length == 6 && !new[] { 9, 19, 29, 39, 49, 59 }.Contains(text.Tokens[^1]) ? FinishReason.Length : FinishReason.EndToken, text.FinishReason);
        }
    }

    [Fact]
    public void With_a_beam_for_every_token_two_steps_find_the_best_pair()
    {
        using CausalLanguageModel model = Create("gpt2");
        BeamHypothesis found = Search(model, $$"""{"num_beams":{{VocabularySize}},"max_new_tokens":2}""")[0];
        double best = double.NegativeInfinity;
        for (int token = 0; token < VocabularySize; token++)
        {
            int next = Alone(model, Request([.. Prompt(5), token], """{"max_new_tokens":1}"""))[^1];
            best = Math.Max(best, LogProbability(model, [.. Prompt(5), token, next], 5));
        }

        Assert.Equal(best / 2, found.Score, 1e-4);
    }

    [Fact]
    public void Drawn_beams_depend_on_the_seed_alone()
    {
        using CausalLanguageModel model = Create("bloom");
        const string Config = """{"num_beams":3,"do_sample":true,"max_new_tokens":8,"num_return_sequences":3}""";
        string first = Text(Search(model, Config));
        Assert.Equal(first, Text(Search(model, Config)));
        Assert.NotEqual(first, Text(Search(model, Config, seed: 7)));
    }

    [Theory]
    [InlineData("""{"num_beams":2,"num_return_sequences":3}""", "num_return_sequences is 3")]
    [InlineData("""{"num_beams":2,"guidance_scale":3}""", "guidance_scale")]
    [InlineData("""{"num_beams":2,"prompt_lookup_num_tokens":3}""", "prompt_lookup_num_tokens")]
    public void What_does_not_go_together_is_refused(string config, string expect)
    {
        using CausalLanguageModel model = Create("gpt2");
        Exception error = Assert.ThrowsAny<Exception>(() => Search(model, config));
        Assert.Contains(expect, error.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<BeamHypothesis> Search(CausalLanguageModel model, string config, ulong seed = 42)
    {
        using var search = new BeamSearch(model);
        return search.Search(Request(Prompt(5), config, seed));
    }

    private static string Text(IReadOnlyList<BeamHypothesis> found) => string.Join('|', found.Select(text => string.Join(' ', text.Tokens)));

    private static double LogProbability(CausalLanguageModel model, int[] tokens, int promptLength)
    {
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSequence(tokens);
        Tensor logits = model.Logits(context, model.Forward(context));
        double sum = 0;
        for (int i = promptLength; i < tokens.Length; i++)
        {
            float[] scores = logits.Row(i - 1).ToArray();
            double max = scores.Max();
            sum += scores[tokens[i]] - max - Math.Log(scores.Sum(score => Math.Exp(score - max)));
        }

        return sum;
    }
}
