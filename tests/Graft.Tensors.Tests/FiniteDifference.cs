using Graft.Tensors;

namespace Graft.Tensors.Tests;

/// <summary>Checks an op against a reference written in double precision: its result, and its backward against the reference's differences.</summary>
/// <remarks>
/// The reference is differentiated centrally in double, so the expected gradient is exact to about 1e-9 and the tolerance is all the op's
/// own rounding. Everything is done twice: with one use of the inputs, and with two, where gradients must add up.
/// </remarks>
internal static unsafe class FiniteDifference
{
    private const double RelativeStep = 1e-5;

    /// <summary>The op under test.</summary>
    /// <param name="tape">A recording tape.</param>
    /// <param name="inputs">The inputs, requiring a gradient.</param>
    public delegate Tensor Operation(Tape tape, Tensor[] inputs);

    /// <summary>The same in double precision.</summary>
    /// <param name="values">The inputs, then the parameters, each flat.</param>
    /// <returns>The output, flat.</returns>
    public delegate double[] Reference(double[][] values);

    /// <summary>Runs both and compares output, input gradients and parameter gradients.</summary>
    /// <param name="layout">Sequences of the inputs.</param>
    /// <param name="inputs">Values of each input, row by row.</param>
    /// <param name="parameters">Trainable parameters that the op uses; they are moved into a <see cref="ParameterBuffer"/>.</param>
    /// <param name="operation">The op.</param>
    /// <param name="reference">The reference.</param>
    /// <param name="tolerance">Largest difference of a gradient, relative to the largest gradient of the same tensor.</param>
    public static void Check(
        SequenceLayout layout, float[][] inputs, Parameter[] parameters, Operation operation, Reference reference, double tolerance = 2e-5)
    {
        using var buffer = new ParameterBuffer(parameters);
        using var tape = new Tape { Mode = TapeMode.Recording };
        double[][] values = [.. inputs.Concat(parameters.Select(p => p.ToArray())).Select(v => v.Select(f => (double)f).ToArray())];
        double[] expected = reference(values);
        float[] cotangent = TestData.Uniform(expected.Length, seed: 77);
        double[][] gradients = [.. values.Select(v => Differences(values, v, v2 => Dot(reference(v2), cotangent)))];
        for (int uses = 1; uses <= 2; uses++)
        {
            buffer.ClearGradients();
            Tensor[] tensors = [.. inputs.Select(v => TestData.Leaf(tape, layout, v))];
            var outputs = new Tensor[uses];
            for (int i = 0; i < uses; i++)
            {
                outputs[i] = operation(tape, tensors);
                AssertClose(expected, outputs[i].Span, tolerance, "output");
            }

            foreach (Tensor output in outputs)
            {
                cotangent.CopyTo(new Span<float>(tape.GradientOf(output, out _), cotangent.Length));
            }

            tape.Backward();
            for (int i = 0; i < inputs.Length; i++)
            {
                AssertClose(Times(gradients[i], uses), new Span<float>(tensors[i].Gradient, inputs[i].Length), tolerance, $"gradient of input {i}");
            }

            for (int i = 0; i < parameters.Length; i++)
            {
                var actual = new Span<float>(parameters[i].Gradient, (int)parameters[i].Count);
                AssertClose(Times(gradients[inputs.Length + i], uses), actual, tolerance, $"gradient of {parameters[i].Name}");
            }

            tape.Reset();
        }
    }

    /// <summary>Central differences of <paramref name="loss"/> in every element of one array.</summary>
    /// <param name="all">All arguments; restored afterwards.</param>
    /// <param name="varied">The one of them to differentiate in.</param>
    /// <param name="loss">A scalar function of all arguments.</param>
    public static double[] Differences(double[][] all, double[] varied, Func<double[][], double> loss)
    {
        var gradient = new double[varied.Length];
        for (int i = 0; i < varied.Length; i++)
        {
            double center = varied[i];
            double step = RelativeStep * Math.Max(1, Math.Abs(center));
            varied[i] = center + step;
            double above = loss(all);
            varied[i] = center - step;
            double below = loss(all);
            varied[i] = center;
            gradient[i] = (above - below) / (2 * step);
        }

        return gradient;
    }

    /// <summary>Fails where the two differ by more than the tolerance times the largest expected value (or 0.01, for values that cancel out).</summary>
    /// <param name="expected">In double.</param>
    /// <param name="actual">In single.</param>
    /// <param name="tolerance">Relative to the largest magnitude in <paramref name="expected"/>.</param>
    /// <param name="what">Named in the failure.</param>
    public static void AssertClose(double[] expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = tolerance * Math.Max(1e-2, expected.Length == 0 ? 0 : expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"{what}[{i}]: expected {expected[i]:R}, got {actual[i]:R}, tolerance {bound:R}");
        }
    }

    private static double Dot(double[] values, float[] weights)
    {
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += values[i] * weights[i];
        }

        return sum;
    }

    private static double[] Times(double[] values, int factor) => [.. values.Select(v => v * factor)];
}
