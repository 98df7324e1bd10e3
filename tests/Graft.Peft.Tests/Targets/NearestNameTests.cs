namespace Graft.Peft.Tests.Targets;

public class NearestNameTests
{
    [Theory]
    [InlineData("q_prj", "; did you mean 'q_proj'?")]
    [InlineData("Q_PROJ", "; did you mean 'q_proj'?")]
    [InlineData("dwn_proj", "; did you mean 'down_proj'?")]
    [InlineData("attention", "")]
    public void The_nearest_name_is_suggested_when_it_is_near(string name, string expected)
        => Assert.Equal(expected, NearestName.Suggestion(name, ["q_proj", "k_proj", "down_proj"]));

    [Fact]
    public void Without_candidates_there_is_no_suggestion() => Assert.Equal(string.Empty, NearestName.Suggestion("x", []));
}
