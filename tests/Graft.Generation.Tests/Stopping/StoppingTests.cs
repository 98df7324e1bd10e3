using Graft.Generation.Stopping;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Stopping;

public class StoppingTests
{
    private static readonly string[] Pieces = ["Stop", "St", "op", "ping", " the", "end", "", "Stopping", "x"];

    [Theory]
    [InlineData(new[] { 0 }, true)]
    [InlineData(new[] { 7 }, true)]
    [InlineData(new[] { 8, 7 }, true)]
    [InlineData(new[] { 1, 2 }, true)]
    [InlineData(new[] { 1, 8, 2 }, false)]
    [InlineData(new[] { 0, 3 }, false)]
    [InlineData(new[] { 7, 8 }, false)]
    [InlineData(new[] { 0, 6 }, false)]
    [InlineData(new[] { 1, 6, 2 }, true)]
    [InlineData(new int[0], false)]
    public void A_match_must_reach_into_the_last_token(int[] tokens, bool stops)
        => Assert.Equal(stops, new StopStringCriterion(["Stop"], token => Pieces[token]).Stops(tokens, 0));

    [Theory]
    [InlineData("top th", true)]
    [InlineData("xStop the", true)]
    [InlineData("tope", false)]
    [InlineData("Stop", false)]
    public void A_string_may_span_tokens_and_begin_and_end_inside_them(string text, bool stops)
        => Assert.Equal(stops, new StopStringCriterion([text], token => Pieces[token]).Stops([8, 1, 2, 4], 0));

    [Fact]
    public void Any_string_will_do()
        => Assert.True(new StopStringCriterion(["zz", "the", "end"], token => Pieces[token]).Stops([8, 5], 0));

    [Fact]
    public void Empty_strings_are_refused() => Assert.Throws<ArgumentException>(() => new StopStringCriterion([""], token => Pieces[token]));

    [Theory]
    [InlineData(new[] { 1, 5 }, true)]
    [InlineData(new[] { 5, 1 }, false)]
    [InlineData(new[] { 1, 1, 1, 1 }, true)]
    [InlineData(new[] { 1, 0 }, true)]
    [InlineData(new int[0], false)]
    public void A_configuration_stops_for_any_reason(int[] tokens, bool stops)
    {
        StoppingCriteria criteria = StoppingCriteria.Build(Config("""{"eos_token_id": [5, 6], "max_length": 4, "stop_strings": "Stop"}"""), tokenText: token => Pieces[token]);
        Assert.Equal(stops, criteria.Stops(tokens, 1));
    }

    [Fact]
    public void Stop_strings_need_a_tokenizer()
        => Assert.Throws<ArgumentException>(() => StoppingCriteria.Build(Config("""{"stop_strings": ["a"]}""")));
}
