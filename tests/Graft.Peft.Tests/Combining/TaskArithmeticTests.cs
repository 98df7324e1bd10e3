namespace Graft.Peft.Tests.Combining;

public class TaskArithmeticTests
{
    private static float[][] Tensors => [[4, -1, 0.5f, 2], [-1, -3, 0.25f, -2], [-2, 1, 0, -1]];

    [Fact]
    public void Linear_is_the_weighted_sum() => Assert.Equal([4 - 0.5f - 4, -1 - 1.5f + 2, 0.5f + 0.125f, 2 - 1 - 2], Combine("linear", [1, 0.5f, 2]));

    [Fact]
    public void Ties_elects_a_sign_by_size_or_by_number_and_averages_those_that_agree()
    {
        // Sums 1, -3, 0.75, -1; numbers -1, -1, +2, -1.
        Assert.Equal([4, (-1 - 1.5f) / 2, (0.5f + 0.125f) / 2, (-1 - 2f) / 2], Combine("ties", [1, 0.5f, 2]));
        Assert.Equal([(-0.5f - 4) / 2, (-1 - 1.5f) / 2, (0.5f + 0.125f) / 2, (-1 - 2f) / 2], Combine("ties", [1, 0.5f, 2], method: "frequency"));
    }

    [Fact]
    public void Pruning_by_size_keeps_the_largest()
    {
        // Half of each: 4 and 2; -3 and -2; -2 and 1 (of the equal ones, the first).
        Assert.Equal([4 - 2, -3 + 1, 0, 2 - 2], Combine("magnitude_prune", [1, 1, 1], density: 0.5));
        Assert.Equal([4, -3, 0, 2], Combine("ties", [1, 1, 1], density: 0.5));
    }

    [Fact]
    public void Dare_keeps_the_mean_and_the_seed_decides()
    {
        float[][] many = [[.. Enumerable.Repeat(1f, 4000)]];
        var options = new WeightedCombination([1]) { CombinationType = "dare_linear", Density = 0.25 };
        float[] kept = TaskArithmetic.Combine([[.. many[0]]], [1], options, key: 1);
        Assert.All(kept, value => Assert.True(value is 0 or 4));
        Assert.InRange(kept.Average(), 0.85, 1.15);
        Assert.Equal(kept, TaskArithmetic.Combine([[.. many[0]]], [1], options, key: 1));
        Assert.NotEqual(kept, TaskArithmetic.Combine([[.. many[0]]], [1], options, key: 2));
    }

    private static float[] Combine(string form, float[] weights, double density = 1, string method = "total")
        => TaskArithmetic.Combine(Tensors, weights, new WeightedCombination([1, 1, 1]) { CombinationType = form, Density = density, MajoritySignMethod = method }, key: 1);
}
