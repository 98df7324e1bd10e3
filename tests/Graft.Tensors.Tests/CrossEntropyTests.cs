using Graft.Tensors;

namespace Graft.Tensors.Tests;

public unsafe class CrossEntropyTests
{
    private const int Vocabulary = 37;
    private const int Features = 11;
    private const double Scale = 1.0 / 7;
    private static readonly int[] Targets = [-100, 5, 36, -100, 0, 5, -100, -100, 12];
    private static readonly int[] Lengths = [3, 4, 2];

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    public void Cross_entropy_matches_the_reference_and_its_differences(float smoothing)
    {
        SequenceLayout layout = TestData.Layout(Lengths);
        float[] logits = TestData.Uniform(9 * Vocabulary, 1, 5);
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor x = TestData.Leaf(tape, layout, logits);
        var losses = new float[9];
        LossSum sum = Op.CrossEntropy(tape, x, Targets, Scale, smoothing, losses);
        double[][] values = [[.. logits.Select(v => (double)v)]];
        AssertLosses(Losses(values[0], smoothing), sum, losses);
        double[] expected = FiniteDifference.Differences(values, values[0], v => Scale * Losses(v[0], smoothing).Sum());
        FiniteDifference.AssertClose(expected, TestData.Gradient(x), 1e-5, "dlogits");
        Op.CrossEntropy(tape, x, Targets, Scale, smoothing);
        FiniteDifference.AssertClose([.. expected.Select(v => 2 * v)], TestData.Gradient(x), 1e-5, "dlogits, twice");
    }

    [Theory]
    [InlineData(0f, true, true)]
    [InlineData(0.1f, true, true)]
    [InlineData(0f, false, true)]
    [InlineData(0f, true, false)]
    [InlineData(0f, false, false)]
    public void Linear_cross_entropy_matches_the_reference_and_its_differences(float smoothing, bool trained, bool hasBias)
    {
        SequenceLayout layout = TestData.Layout(Lengths);
        float[] hidden = TestData.Uniform(9 * Features, 1, 3);
        Parameter head = TestData.Parameter("head", TestData.Uniform(Vocabulary * Features, 2, 2), Vocabulary, Features);
        Parameter? bias = hasBias ? TestData.Parameter("bias", TestData.Uniform(Vocabulary, 3)) : null;
        double[][] values = [Widen(hidden), Widen(head.ToArray()), hasBias ? Widen(bias!.ToArray()) : new double[Vocabulary]];
        double[] Forward(double[][] v) => Losses(Logits(v[0], v[1], v[2]), smoothing);
        using var buffer = new ParameterBuffer(!trained ? [] : hasBias ? [head, bias!] : [head]);
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor x = TestData.Leaf(tape, layout, hidden);
        var losses = new float[9];
        long before = tape.Arena.BytesInUse;
        LossSum sum = Op.LinearCrossEntropy(tape, x, Targets, head, bias, Scale, smoothing, losses);
        AssertLosses(Forward(values), sum, losses);
        Assert.Equal(before + ((x.Count * 4) + 63) / 64 * 64, tape.Arena.BytesInUse);
        double Loss(double[][] v) => Scale * Forward(v).Sum();
        FiniteDifference.AssertClose(FiniteDifference.Differences(values, values[0], Loss), TestData.Gradient(x), 1e-5, "dhidden");
        if (trained)
        {
            FiniteDifference.AssertClose(FiniteDifference.Differences(values, values[1], Loss), TestData.Gradient(head), 1e-5, "dhead");
        }

        if (trained && hasBias)
        {
            FiniteDifference.AssertClose(FiniteDifference.Differences(values, values[2], Loss), TestData.Gradient(bias!), 1e-5, "dbias");
        }
    }

    [Theory]
    [InlineData(TapeMode.Inference)]
    [InlineData(TapeMode.Tracking)]
    public void Without_recording_only_the_loss_is_computed(TapeMode mode)
    {
        Parameter head = TestData.Parameter("head", TestData.Uniform(Vocabulary * Features, 2), Vocabulary, Features);
        using var buffer = new ParameterBuffer([head]);
        using var tape = new Tape { Mode = mode };
        Tensor x = TestData.Leaf(tape, TestData.Layout(Lengths), TestData.Uniform(9 * Features, 1));
        Assert.True(Op.LinearCrossEntropy(tape, x, Targets, head, null, Scale).Sum > 0);
        Assert.True(x.Gradient == null);
        Assert.All(TestData.Gradient(head), g => Assert.Equal(0, g));
    }

    [Fact]
    public void A_target_outside_the_vocabulary_is_refused_with_its_row()
    {
        using var tape = new Tape();
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), new float[2 * Vocabulary]);
        ArgumentException e = Assert.Throws<ArgumentException>(() => Op.CrossEntropy(tape, x, [0, 37], 1));
        Assert.Contains("row 1", e.Message, StringComparison.Ordinal);
        Assert.Contains("37", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Op.CrossEntropy(tape, x, [0, -1], 1));
        Assert.Throws<ArgumentException>(() => Op.CrossEntropy(tape, x, [0], 1));
    }

    [Fact]
    public void No_target_at_all_is_no_loss()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), new float[2 * Vocabulary]);
        Assert.Equal(new LossSum(0, 0), Op.CrossEntropy(tape, x, [-100, -100], 1));
    }

    private static void AssertLosses(double[] expected, LossSum sum, float[] losses)
    {
        Assert.Equal(Targets.Count(t => t >= 0), sum.Count);
        Assert.Equal(expected.Sum(), sum.Sum, 1e-5);
        FiniteDifference.AssertClose(expected, losses, 1e-6, "loss");
    }

    private static double[] Widen(float[] values) => [.. values.Select(v => (double)v)];

    private static double[] Logits(double[] hidden, double[] head, double[] bias)
    {
        var logits = new double[9 * Vocabulary];
        for (int row = 0; row < 9; row++)
        {
            for (int j = 0; j < Vocabulary; j++)
            {
                double sum = bias[j];
                for (int k = 0; k < Features; k++)
                {
                    sum += hidden[(row * Features) + k] * head[(j * Features) + k];
                }

                logits[(row * Vocabulary) + j] = sum;
            }
        }

        return logits;
    }

    private static double[] Losses(double[] logits, double smoothing)
    {
        var losses = new double[Targets.Length];
        for (int row = 0; row < Targets.Length; row++)
        {
            if (Targets[row] >= 0)
            {
                double[] z = logits[(row * Vocabulary)..((row + 1) * Vocabulary)];
                double logSum = Math.Log(z.Sum(Math.Exp));
                losses[row] = logSum - ((1 - smoothing) * z[Targets[row]]) - (smoothing * z.Average());
            }
        }

        return losses;
    }
}
