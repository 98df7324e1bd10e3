using Graft.Tensors;

namespace Graft.Tensors.Tests;

public class NormTests
{
    private const float Epsilon = 1e-5f;

    [Theory]
    [InlineData(1, true, true)]
    [InlineData(3, true, false)]
    [InlineData(17, false, true)]
    [InlineData(40, false, false)]
    [InlineData(40, true, true)]
    public void LayerNorm_matches_the_reference_and_its_differences(int columns, bool hasWeight, bool hasBias)
    {
        SequenceLayout layout = TestData.Layout(2, 0, 3);
        Parameter? weight = hasWeight ? TestData.Parameter("weight", TestData.Uniform(columns, 1)) : null;
        Parameter? bias = hasBias ? TestData.Parameter("bias", TestData.Uniform(columns, 2)) : null;
        Parameter[] parameters = [.. new[] { weight, bias }.OfType<Parameter>()];
        FiniteDifference.Check(
            layout,
            [TestData.Uniform(5 * columns, 3, 2)],
            parameters,
            (tape, x) => Op.LayerNorm(tape, x[0], weight, bias, Epsilon),
            v => Reference(v[0], columns, hasWeight ? v[1] : null, hasBias ? v[^1] : null, centered: true));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(33)]
    public void RmsNorm_matches_the_reference_and_its_differences(int columns)
    {
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(columns, 1));
        FiniteDifference.Check(
            TestData.Layout(1, 4),
            [TestData.Uniform(5 * columns, 3, 2)],
            [weight],
            (tape, x) => Op.RmsNorm(tape, x[0], weight, Epsilon),
            v => Reference(v[0], columns, v[1], null, centered: false));
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(2, 17)]
    public void RmsNorm_of_heads_matches_the_reference_and_its_differences(int heads, int columns)
    {
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(columns, 1));
        FiniteDifference.Check(
            TestData.Layout(1, 0, 4),
            [TestData.Uniform(5 * heads * columns, 3, 2)],
            [weight],
            (tape, x) => Op.RmsNorm(tape, x[0], weight, Epsilon, heads),
            v => Reference(v[0], columns, v[1], null, centered: false));
    }

    [Fact]
    public void A_parameter_of_another_size_is_refused()
    {
        using var tape = new Tape();
        Tensor x = TestData.Leaf(tape, TestData.Layout(1), new float[4]);
        ArgumentException e = Assert.Throws<ArgumentException>(() => Op.RmsNorm(tape, x, TestData.Parameter("norm.weight", new float[3]), Epsilon));
        Assert.Contains("norm.weight", e.Message, StringComparison.Ordinal);
    }

    private static double[] Reference(double[] x, int columns, double[]? weight, double[]? bias, bool centered)
    {
        var y = new double[x.Length];
        for (int start = 0; start < x.Length; start += columns)
        {
            double[] row = x[start..(start + columns)];
            double mean = centered ? row.Average() : 0;
            double rstd = 1 / Math.Sqrt(row.Sum(v => (v - mean) * (v - mean)) / columns + Epsilon);
            for (int i = 0; i < columns; i++)
            {
                y[start + i] = ((row[i] - mean) * rstd * (weight?[i] ?? 1)) + (bias?[i] ?? 0);
            }
        }

        return y;
    }
}
