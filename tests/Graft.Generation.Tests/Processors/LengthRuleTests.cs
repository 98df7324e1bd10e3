using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Processors;

public class LengthRuleTests
{
    [Theory]
    [InlineData("""{"min_length": 4, "eos_token_id": 1}""", 3, true)]
    [InlineData("""{"min_length": 4, "eos_token_id": 1}""", 4, false)]
    [InlineData("""{"min_new_tokens": 2, "eos_token_id": 1}""", 3, true)]
    [InlineData("""{"min_new_tokens": 2, "eos_token_id": 1}""", 4, false)]
    [InlineData("""{"min_new_tokens": 1, "min_length": 9, "eos_token_id": 1}""", 3, false)]
    [InlineData("""{"min_length": 4}""", 1, false)]
    public void The_end_waits_for_the_shortest_length(string json, int length, bool forbidden)
        => Assert.Equal(forbidden, Process(json, new float[3], new int[length], promptLength: 2)[1] == Never);

    [Theory]
    [InlineData("""{"forced_eos_token_id": 2, "max_length": 5}""", 4, true)]
    [InlineData("""{"forced_eos_token_id": 2, "max_length": 5}""", 3, false)]
    [InlineData("""{"forced_eos_token_id": 2, "max_new_tokens": 3}""", 4, true)]
    [InlineData("""{"forced_eos_token_id": 2, "max_new_tokens": 3, "max_length": 4}""", 3, false)]
    public void The_last_token_is_forced(string json, int length, bool forced)
    {
        float[] scores = Process(json, [5, 6, 7], new int[length], promptLength: 2);
        Assert.Equal(forced ? [Never, Never, 0] : [5, 6, 7], scores);
    }

    [Fact]
    public void Of_several_forced_tokens_all_stay()
        => Assert.Equal([0, Never, 0], Process("""{"forced_eos_token_id": [0, 2], "max_length": 2}""", [5, 6, 7], [0]));

    [Fact]
    public void The_first_token_is_forced()
    {
        Assert.Equal([Never, 0], Process("""{"forced_bos_token_id": 1}""", [5, 6], [0]));
        Assert.Equal([5f, 6f], Process("""{"forced_bos_token_id": 1}""", [5, 6], [0, 0]));
    }

    [Theory]
    [InlineData(4, -2)]
    [InlineData(5, -1)]
    [InlineData(6, 0.5)]
    public void The_end_becomes_likelier_with_the_length(int length, float expected)
    {
        // -2 + |-2| * (1.5^n - 1), with n the new tokens beyond the first 2.
        const string Json = """{"exponential_decay_length_penalty": [2, 1.5], "eos_token_id": 0}""";
        Assert.Equal(expected, Process(Json, [-2, 0], new int[length], promptLength: 2)[0], 1e-6f);
    }

    [Fact]
    public void A_forbidden_end_stays_forbidden()
        => Assert.Equal(Never, Process("""{"exponential_decay_length_penalty": [0, 1.5], "eos_token_id": 0, "suppress_tokens": [0]}""", [Never, 0], [1, 1], promptLength: 1)[0]);

    [Fact]
    public void The_penalty_needs_an_end_token()
        => Assert.Throws<ArgumentException>(() => Process("""{"exponential_decay_length_penalty": [0, 1.5]}""", [0, 0], [1]));
}
