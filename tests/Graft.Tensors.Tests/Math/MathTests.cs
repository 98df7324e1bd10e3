using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>The stated errors of the functions, over dense sweeps against double precision, and equal bits on all instruction sets.</summary>
public class MathTests
{
    private const int Steps = 400_000;

    private static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, float.Epsilon, -float.Epsilon, 1e-39f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
        BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFC000FF), 88.72283f, 88.72284f, 88.8f, -87.33654f, -87.33655f, -87.4f, -104f,
        13.1f, 13.3f, -13.1f, -13.3f, 0.625f, 0.62500006f,
    ];

    [Fact]
    public void Exp_has_the_stated_error()
        => AssertRelative<ExpFunction>(Sweep(-87.3365f, 88.7228f), Math.Exp, 1.2e-7);

    [Fact]
    public void Exp_of_special_values()
    {
        float[] x = [0f, -0f, 1e-39f, -87.34f, -1e30f, float.NegativeInfinity, 88.73f, float.PositiveInfinity];
        Assert.Equal([1f, 1f, 1f, 0f, 0f, 0f, float.PositiveInfinity, float.PositiveInfinity], LaneFunctions.Map<ExpFunction>(InstructionSet.Best, x));
    }

    [Fact]
    public void Sigmoid_has_the_stated_error()
        => AssertRelative<SigmoidFunction>(Sweep(-87f, 100f), x => 1 / (1 + Math.Exp(-x)), 2.5e-7);

    [Fact]
    public void Tanh_has_the_stated_error()
    {
        AssertRelative<TanhFunction>(Sweep(-10f, 10f), Math.Tanh, 3e-7);
        AssertRelative<TanhFunction>([.. Sweep(-30, -1).Select(e => MathF.Pow(2, e))], Math.Tanh, 3e-7);
    }

    [Fact]
    public void Normal_distribution_has_the_stated_error()
    {
        AssertAbsolute<CumulativeFunction>(Sweep(-14f, 14f), x => 0.5 * (1 + DoubleMath.Erf(x / Math.Sqrt(2))), 2.5e-7);
        AssertAbsolute<DensityFunction>(Sweep(-14f, 14f), x => Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI), 1e-7);
    }

    [Fact]
    public void The_tail_of_the_normal_distribution_keeps_its_relative_precision()
    {
        // At -6 the rounding of x² (18 · 2^-24) bounds the error of the exponential by about 2e-6.
        float actual = LaneFunctions.Map<CumulativeFunction>(InstructionSet.Best, [-6f])[0];
        Assert.Equal(9.865876450377018e-10, actual, 9.9e-10 * 2e-6);
    }

    [Fact]
    public void Nan_stays_nan()
    {
        float[] x = [float.NaN, BitConverter.UInt32BitsToSingle(0x7F8001FF), BitConverter.UInt32BitsToSingle(0xFFC001FF)];
        foreach (Isa isa in LaneFunctions.Available)
        {
            Assert.All(LaneFunctions.Map<ExpFunction>(isa, x), y => Assert.True(float.IsNaN(y)));
            Assert.All(LaneFunctions.Map<SigmoidFunction>(isa, x), y => Assert.True(float.IsNaN(y)));
            Assert.All(LaneFunctions.Map<TanhFunction>(isa, x), y => Assert.True(float.IsNaN(y)));
            Assert.All(LaneFunctions.Map<CumulativeFunction>(isa, x), y => Assert.True(float.IsNaN(y)));
        }
    }

    [Fact]
    public void All_instruction_sets_give_the_same_bits()
    {
        AssertSameBits<ExpFunction>();
        AssertSameBits<SigmoidFunction>();
        AssertSameBits<TanhFunction>();
        AssertSameBits<CumulativeFunction>();
        AssertSameBits<DensityFunction>();
    }

    [Fact]
    public void Log_has_the_stated_error()
    {
        for (int i = 0; i < 100_000; i++)
        {
            double x = Math.Pow(2, -1000 + (i * 0.02)) * (1 + (i * 1e-5));
            Assert.Equal(Math.Log(x), Logarithm.Log(x), 1e-15 * Math.Max(1, Math.Abs(Math.Log(x))));
        }

        for (int i = -1000; i <= 1000; i++)
        {
            double x = 1 + (i * 1e-9);
            Assert.Equal(Math.Log(x), Logarithm.Log(x), 1e-15);
        }

        Assert.Equal(0, Logarithm.Log(1));
        Assert.True(double.IsNaN(Logarithm.Log(double.NaN)));
        Assert.Equal(double.PositiveInfinity, Logarithm.Log(double.PositiveInfinity));
    }

    private static float[] Sweep(float low, float high)
    {
        var values = new float[Steps + 1];
        for (int i = 0; i <= Steps; i++)
        {
            values[i] = (float)(low + ((double)(high - low) * i / Steps));
        }

        return values;
    }

    private static void AssertRelative<TFunction>(float[] x, Func<double, double> reference, double bound)
        where TFunction : struct, ILaneFunction
    {
        float[] y = LaneFunctions.Map<TFunction>(InstructionSet.Best, x);
        (double error, int worst) = Enumerable.Range(0, x.Length).Max(i => (Error(reference(x[i]), y[i]), i));
        Assert.True(error <= bound, $"relative error {error} at {x[worst]:R}: {y[worst]:R}, not {reference(x[worst]):R}");

        static double Error(double expected, float actual) => expected == 0 ? Math.Abs(actual) : Math.Abs((actual - expected) / expected);
    }

    private static void AssertAbsolute<TFunction>(float[] x, Func<double, double> reference, double bound)
        where TFunction : struct, ILaneFunction
    {
        float[] y = LaneFunctions.Map<TFunction>(InstructionSet.Best, x);
        (double error, int worst) = Enumerable.Range(0, x.Length).Max(i => (Math.Abs(y[i] - reference(x[i])), i));
        Assert.True(error <= bound, $"error {error} at {x[worst]:R}: {y[worst]:R}, not {reference(x[worst]):R}");
    }

    private static void AssertSameBits<TFunction>()
        where TFunction : struct, ILaneFunction
    {
        float[] x = [.. Special, .. Enumerable.Range(0, 20_000).Select(i => BitConverter.UInt32BitsToSingle(unchecked((uint)i * 214_748u)))];
        uint[] expected = Bits(LaneFunctions.Map<TFunction>(Isa.Scalar, x));
        foreach (Isa isa in LaneFunctions.Available)
        {
            uint[] actual = Bits(LaneFunctions.Map<TFunction>(isa, x));
            for (int i = 0; i < x.Length; i++)
            {
                Assert.True(expected[i] == actual[i], $"{typeof(TFunction).Name}({x[i]:R}) on {isa}: {actual[i]:X8}, not {expected[i]:X8}");
            }
        }
    }

    // NaN may carry any payload.
    private static uint[] Bits(float[] values) => [.. values.Select(v => float.IsNaN(v) ? 0x7FC00000 : BitConverter.SingleToUInt32Bits(v))];
}
