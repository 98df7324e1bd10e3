using Graft.Cli.Quickstart;

namespace Graft.Cli.Tests;

public sealed class TagScoreTests
{
    [Theory]
    [InlineData(" time, change", new[] { "time", "change" })]
    [InlineData("time,change,time", new[] { "time", "change" })]
    [InlineData(" time\n and then more, words", new[] { "time" })]
    [InlineData(" , ,", new string[0])]
    [InlineData("", new string[0])]
    public void Parses_The_First_Line(string answer, string[] tags) => Assert.Equal(tags, TagScore.Parse(answer));

    [Fact]
    public void Counts_The_Tags_Of_All_Rows_Together()
    {
        var score = new TagScore();
        score.Add(["time", "change"], " Time, hope");
        score.Add(["fear"], "fear");

        // Right: time, fear. Wrong: hope. Missed: change.
        Assert.Equal(4.0 / 6.0, score.F1, 12);
    }

    [Fact]
    public void Is_Zero_When_Nothing_Was_Right()
    {
        var score = new TagScore();
        Assert.Equal(0, score.F1);
        score.Add(["time"], "the old man said");
        Assert.Equal(0, score.F1);
    }
}
