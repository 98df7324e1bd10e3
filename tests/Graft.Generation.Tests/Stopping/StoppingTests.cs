using System.Text;
using Graft.Generation.Stopping;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Stopping;

public class StoppingTests
{
    private static readonly byte[][] Pieces = [.. new[] { "Stop", "St", "op", "ping", " the", "end", "", "Stopping", "x" }.Select(Encoding.UTF8.GetBytes), [0xC3], [0xA9]];

    private static ReadOnlySpan<byte> BytesOf(int token) => Pieces[token];

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
        => Assert.Equal(stops, new StopStringCriterion(["Stop"], BytesOf).Stops(tokens, 0));

    [Theory]
    [InlineData("top th", true)]
    [InlineData("xStop the", true)]
    [InlineData("tope", false)]
    [InlineData("Stop", false)]
    public void A_string_may_span_tokens_and_begin_and_end_inside_them(string text, bool stops)
        => Assert.Equal(stops, new StopStringCriterion([text], BytesOf).Stops([8, 1, 2, 4], 0));

    [Fact]
    public void Any_string_will_do()
        => Assert.True(new StopStringCriterion(["zz", "the", "end"], BytesOf).Stops([8, 5], 0));

    [Fact]
    public void Empty_strings_are_refused() => Assert.Throws<ArgumentException>(() => new StopStringCriterion([""], BytesOf));

    [Theory]
    [InlineData(new[] { 8, 9, 10 }, true)]
    [InlineData(new[] { 9, 8, 10 }, false)]
    public void The_bytes_of_a_character_may_be_tokens_of_their_own(int[] tokens, bool stops)
        => Assert.Equal(stops, new StopStringCriterion(["é"], BytesOf).Stops(tokens, 0));

    [Theory]
    [InlineData(new[] { 1, 5 }, FinishReason.EndToken)]
    [InlineData(new[] { 1, 1, 1, 5 }, FinishReason.EndToken)]
    [InlineData(new[] { 5, 1 }, null)]
    [InlineData(new[] { 1, 1, 1, 1 }, FinishReason.Length)]
    [InlineData(new[] { 1, 0 }, FinishReason.StopString)]
    [InlineData(new int[0], null)]
    public void A_configuration_stops_for_any_reason(int[] tokens, FinishReason? reason)
    {
        StoppingCriteria criteria = StoppingCriteria.Build(Config("""{"eos_token_id": [5, 6], "max_length": 4, "stop_strings": "Stop"}"""), bytesOf: BytesOf);
        Assert.Equal(reason, criteria.ReasonToStop(tokens, 1));
    }

    [Fact]
    public void Stop_strings_need_a_tokenizer()
        => Assert.Throws<ArgumentException>(() => StoppingCriteria.Build(Config("""{"stop_strings": ["a"]}""")));

    [Fact]
    public void No_text_outgrows_the_model()
    {
        StoppingCriteria criteria = StoppingCriteria.Build(Config("""{"max_new_tokens": 10}"""), maxPositions: 4);
        Assert.Null(criteria.ReasonToStop([1, 1, 1], 2));
        Assert.Equal(FinishReason.Length, criteria.ReasonToStop([1, 1, 1, 1], 2));
    }

    [Fact]
    public void Time_is_up_after_max_time()
    {
        Assert.Null(StoppingCriteria.Build(Config("""{"max_time": 1000}""")).ReasonToStop([1], 1));
        StoppingCriteria criteria = StoppingCriteria.Build(Config("""{"max_time": 0.001}"""));
        Thread.Sleep(5);
        Assert.Equal(FinishReason.Time, criteria.ReasonToStop([1], 1));
    }
}
