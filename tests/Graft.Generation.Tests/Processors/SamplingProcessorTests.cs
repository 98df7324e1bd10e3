using Graft.Generation.Processors;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Processors;

public class SamplingProcessorTests
{
    private static readonly float[] Four = Logits(0.5, 0.25, 0.15, 0.1);

    [Fact]
    public void Temperature_divides()
        => Assert.Equal([2, 4], Process("""{"do_sample": true, "temperature": 0.5, "top_k": 0}""", [1, 2], [0]));

    [Fact]
    public void Temperature_zero_is_refused_with_advice()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Process("""{"do_sample": true, "temperature": 0}""", [1, 2], [0]));
        Assert.Contains("do_sample", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_sampling_nothing_is_cut()
        => Assert.Equal(Four, Process("""{"temperature": 0.5, "top_k": 1, "top_p": 0.1, "min_p": 0.9}""", Four, [0]));

    [Fact]
    public void Plain_sampling_is_from_the_fifty_likeliest()
        => Assert.Equal(50, Support(Process("""{"do_sample": true}""", [.. Enumerable.Range(0, 200).Select(i => (float)(i * 37 % 200))], [0])).Length);

    [Fact]
    public void Top_k_keeps_ties()
        => Assert.Equal([1, 2, 4], Support(Process("""{"do_sample": true, "top_k": 2}""", [0, 3, 2, 1, 2], [0])));

    [Theory]
    [InlineData(0.4, 1)]
    [InlineData(0.6, 2)]
    [InlineData(0.85, 3)]
    [InlineData(0.99, 4)]
    [InlineData(0.0, 1)]
    public void Top_p_keeps_the_smallest_set_that_reaches_the_mass(double mass, int kept)
        => Assert.Equal(Enumerable.Range(0, kept), Support(Process($$"""{"do_sample": true, "top_k": 0, "top_p": {{mass}}}""", Four, [0])));

    [Fact]
    public void Top_p_of_a_large_vocabulary_agrees_with_a_full_sort()
    {
        var random = new Random(5);
        float[] scores = [.. Enumerable.Range(0, 20_000).Select(_ => (float)random.NextDouble() * 2)];
        double total = scores.Sum(score => Math.Exp(score));
        double above = 0;
        int[] expected = [.. Enumerable.Range(0, scores.Length).OrderByDescending(token => scores[token]).TakeWhile(token =>
        {
            bool kept = above < 0.7;
            above += Math.Exp(scores[token]) / total;
            return kept;
        }).Order()];
        int[] actual = Support(Process("""{"do_sample": true, "top_k": 0, "top_p": 0.7}""", scores, [0]));
        Assert.InRange(actual.Except(expected).Count() + expected.Except(actual).Count(), 0, 1);
    }

    [Theory]
    [InlineData(0.9, new[] { 0 })]
    [InlineData(0.4, new[] { 0, 1 })]
    [InlineData(0.25, new[] { 0, 1, 2 })]
    [InlineData(0, new[] { 0, 1, 2, 3 })]
    public void Min_p_is_relative_to_the_likeliest(double part, int[] support)
        => Assert.Equal(support, Support(Process($$"""{"do_sample": true, "top_k": 0, "min_p": {{part}}}""", Four, [0])));

    [Theory]
    [InlineData(0.2, new[] { 0, 1 })]
    [InlineData(0.9, new[] { 0 })]
    public void Epsilon_keeps_the_likeliest_whatever_happens(double epsilon, int[] support)
        => Assert.Equal(support, Support(Process($$"""{"do_sample": true, "top_k": 0, "epsilon_cutoff": {{epsilon}}}""", Four, [0])));

    [Fact]
    public void Eta_cuts_less_where_the_entropy_is_high()
    {
        // sqrt(0.3) * exp(-1.208) = 0.164: the last two go, while epsilon alone would take 0.25 too.
        Assert.Equal([0, 1], Support(Process("""{"do_sample": true, "top_k": 0, "eta_cutoff": 0.3}""", Four, [0])));
        Assert.Equal([0], Support(Process("""{"do_sample": true, "top_k": 0, "epsilon_cutoff": 0.3}""", Four, [0])));
    }

    [Fact]
    public void Typical_prefers_tokens_of_average_information()
    {
        // H = 1.208; distances 0.515, 0.178, 0.689, 1.095: the second token is the most typical.
        Assert.Equal([1], Support(Process("""{"do_sample": true, "top_k": 0, "typical_p": 0.2}""", Four, [0])));
        Assert.Equal([0, 1], Support(Process("""{"do_sample": true, "top_k": 0, "typical_p": 0.5}""", Four, [0])));
    }

    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(0.6, 2)]
    [InlineData(1.0, 4)]
    public void Top_h_keeps_a_part_of_the_entropy(double part, int kept)
    {
        // -p log p: 0.347, 0.347, 0.285, 0.230; H = 1.208.
        Assert.Equal(Enumerable.Range(0, kept), Support(Process($$"""{"do_sample": true, "top_k": 0, "top_h": {{part}}}""", Four, [0])));
    }

    [Fact]
    public void With_beams_enough_tokens_stay()
    {
        const string Json = """{"do_sample": true, "num_beams": 2, "top_k": 1, "top_p": 0.01, "min_p": 1, "eos_token_id": [7, 8]}""";
        Assert.Equal([0, 1, 2], Support(Process(Json, Four, [0])));
    }

    [Fact]
    public void Renormalized_scores_are_log_probabilities()
        => Assert.Equal(1, Process("""{"renormalize_logits": true}""", [3, 4, 5, Never], [0]).Sum(score => Math.Exp(score)), 1e-6);

    [Fact]
    public void Guidance_moves_away_from_the_unconditional_run()
    {
        float[] scores = Logits(0.8, 0.2);
        float[] unconditional = Logits(0.5, 0.5);
        new GuidanceProcessor(2).Process(scores, new ProcessorContext([0], 1) { UnconditionalScores = unconditional });
        Assert.Equal((2 * Math.Log(0.8)) - Math.Log(0.5), scores[0], 1e-5);
        Assert.Equal((2 * Math.Log(0.2)) - Math.Log(0.5), scores[1], 1e-5);
    }

    [Fact]
    public void A_prefix_constraint_leaves_what_it_allows()
    {
        float[] scores = [1, 2, 3, 4];
        LogitsProcessorList.Build(new GenerationConfig(), allowed: _ => new[] { 1, 3 }).Process(scores, new ProcessorContext([0], 1));
        Assert.Equal([Never, 2, Never, 4], scores);
    }
}
