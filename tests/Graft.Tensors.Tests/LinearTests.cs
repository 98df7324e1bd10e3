namespace Graft.Tensors.Tests;

public unsafe class LinearTests
{
    private const int Rows = 6;
    private const int In = 9;
    private const int Out = 5;

    [Theory]
    [InlineData(LinearLayout.OutIn, true)]
    [InlineData(LinearLayout.OutIn, false)]
    [InlineData(LinearLayout.InOut, true)]
    public void Linear_matches_the_reference_and_its_differences(LinearLayout layout, bool hasBias)
    {
        int[] shape = layout == LinearLayout.OutIn ? [Out, In] : [In, Out];
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), shape);
        Parameter? bias = hasBias ? TestData.Parameter("bias", TestData.Uniform(Out, 2)) : null;
        FiniteDifference.Check(
            TestData.Layout(2, 0, 4),
            [TestData.Uniform(Rows * In, 3)],
            [.. new[] { weight, bias }.OfType<Parameter>()],
            (tape, x) => Op.Linear(tape, x[0], weight, bias, layout),
            v => Reference(v[0], v[1], hasBias ? v[2] : new double[Out], layout));
    }

    [Fact]
    public void A_frozen_weight_passes_the_gradient_on_and_gets_none()
    {
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), Out, In);
        double[] frozen = [.. weight.ToArray().Select(w => (double)w)];
        FiniteDifference.Check(
            TestData.Layout(Rows),
            [TestData.Uniform(Rows * In, 3)],
            [],
            (tape, x) => Op.Linear(tape, x[0], weight, null),
            v => Reference(v[0], frozen, new double[Out], LinearLayout.OutIn));
        Assert.True(weight.Gradient == null);
    }

    [Fact]
    public void Other_features_than_the_weight_takes_are_refused()
    {
        using var tape = new Tape();
        Tensor x = TestData.Leaf(tape, TestData.Layout(1), new float[In]);
        Parameter weight = TestData.Parameter("h.0.mlp.weight", new float[In * Out], In, Out);
        ArgumentException e = Assert.Throws<ArgumentException>(() => Op.Linear(tape, x, weight, null));
        Assert.Contains("h.0.mlp.weight", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_matches_the_reference_and_its_differences()
    {
        FiniteDifference.Check(
            TestData.Layout(2, 1),
            [TestData.Uniform(21, 1), TestData.Uniform(21, 2)],
            [],
            (tape, x) => Op.Add(tape, x[0], x[1]),
            v => [.. v[0].Zip(v[1], (a, b) => a + b)]);
        FiniteDifference.Check(
            TestData.Layout(3),
            [TestData.Uniform(21, 1)],
            [],
            (tape, x) => Op.Add(tape, Op.Add(tape, x[0], x[0]), x[0]),
            v => [.. v[0].Select(a => 3 * a)]);
    }

    [Fact]
    public void Adding_other_sizes_is_refused()
    {
        using var tape = new Tape();
        Tensor a = TestData.Leaf(tape, TestData.Layout(2), new float[6]);
        Tensor b = TestData.Leaf(tape, TestData.Layout(3), new float[6]);
        Assert.Throws<ArgumentException>(() => Op.Add(tape, a, b));
    }

    private static double[] Reference(double[] x, double[] weight, double[] bias, LinearLayout layout)
    {
        var y = new double[Rows * Out];
        for (int row = 0; row < Rows; row++)
        {
            for (int j = 0; j < Out; j++)
            {
                double sum = bias[j];
                for (int k = 0; k < In; k++)
                {
                    sum += x[(row * In) + k] * weight[layout == LinearLayout.OutIn ? (j * In) + k : (k * Out) + j];
                }

                y[(row * Out) + j] = sum;
            }
        }

        return y;
    }
}
