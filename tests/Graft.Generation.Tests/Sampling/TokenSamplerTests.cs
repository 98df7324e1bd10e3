using Graft.Generation.Sampling;

namespace Graft.Generation.Tests.Sampling;

public class TokenSamplerTests
{
    private const float Never = float.NegativeInfinity;

    [Fact]
    public void Greedy_takes_the_first_of_the_best()
    {
        float[] scores = new float[100];
        scores[41] = scores[77] = 3;
        Assert.Equal(41, TokenSampler.Greedy(scores));
    }

    [Fact]
    public void Scores_that_allow_nothing_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TokenSampler.Greedy([Never, Never]));
        Assert.Throws<ArgumentException>(() => TokenSampler.Draw([Never, Never], 0.5));
        ArgumentException error = Assert.Throws<ArgumentException>(() => TokenSampler.Draw([1, float.NaN], 0.5));
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TokenSampler.Greedy([1, float.NaN]));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.24, 1)]
    [InlineData(0.26, 3)]
    [InlineData(0.999999999, 3)]
    public void Draws_invert_the_cumulative_distribution(double uniform, int expected)
        => Assert.Equal(expected, TokenSampler.Draw([Never, (float)Math.Log(1), Never, (float)Math.Log(3), Never], uniform));

    [Fact]
    public void Frequencies_are_the_probabilities()
    {
        double[] probabilities = [0.5, 0.3, 0.15, 0.05];
        float[] scores = Array.ConvertAll(probabilities, probability => (float)Math.Log(probability));
        const int Draws = 20_000;
        int[] counts = new int[4];
        for (int i = 0; i < Draws; i++)
        {
            counts[TokenSampler.Draw(scores, TokenSampler.Uniform(42, 0, (ulong)i))]++;
        }

        double distance = probabilities.Select((p, i) => Math.Pow(counts[i] - (p * Draws), 2) / (p * Draws)).Sum();
        Assert.True(distance < 16.3, $"chi-square {distance} with 3 degrees of freedom");
    }

    [Fact]
    public void Probabilities_are_the_softmax()
    {
        float[] probabilities = new float[3];
        TokenSampler.Probabilities([0, MathF.Log(3), Never], probabilities);
        Assert.Equal(0.25f, probabilities[0], 1e-6f);
        Assert.Equal(0.75f, probabilities[1], 1e-6f);
        Assert.Equal(0, probabilities[2]);
    }

    [Fact]
    public void Random_numbers_are_a_function_of_seed_and_place()
    {
        double[] numbers = [.. Enumerable.Range(0, 5000).Select(i => TokenSampler.Uniform(7, 1, (ulong)i))];
        Assert.All(numbers, number => Assert.InRange(number, 0, 1 - 1e-16));
        Assert.Equal(0.5, numbers.Average(), 0.02);
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.NotEqual(TokenSampler.Uniform(7, 1, 0), TokenSampler.Uniform(7, 2, 0));
        Assert.NotEqual(TokenSampler.Uniform(7, 1, 0), TokenSampler.Uniform(8, 1, 0));
        Assert.Equal(TokenSampler.Uniform(7, 1, 3), numbers[3]);
    }
}
