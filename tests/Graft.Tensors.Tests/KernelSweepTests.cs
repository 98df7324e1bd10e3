using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>Every row kernel at every length up to 130, on every instruction set: the same bits as the scalar lanes, and nothing written outside.</summary>
public unsafe class KernelSweepTests
{
    private const int Longest = 130;
    private const int Rows = 3;
    private const int Guard = 17;
    private const float Mark = 12345.678f;

    private delegate void Kernel(float* x, float* dy, float* y, int columns);

    [Fact]
    public void Layer_norm_forward()
        => Sweep((x, _, y, n) => WithParameters(n, (w, b) => NormKernels.LayerForward(x, Rows, n, w, b, 1e-5f, y, Statistics())));

    [Fact]
    public void Layer_norm_backward() => Sweep((x, dy, y, n) => WithParameters(n, (w, b) =>
    {
        float* unused = stackalloc float[Rows * Longest];
        float* statistics = Statistics();
        NormKernels.LayerForward(x, Rows, n, w, b, 1e-5f, unused, statistics);
        NormKernels.LayerBackward(x, dy, Rows, n, w, statistics, y, accumulate: true);
    }));

    [Fact]
    public void Layer_norm_weight_gradient() => Sweep((x, dy, y, n) => WithParameters(n, (w, b) =>
    {
        float* unused = stackalloc float[Rows * Longest];
        float* statistics = Statistics();
        NormKernels.LayerForward(x, Rows, n, w, b, 1e-5f, unused, statistics);
        NormKernels.LayerWeightGradient(x, dy, n, statistics, [0, 1, Rows], y);
    }));

    [Fact]
    public void Rms_norm_forward_and_backward() => Sweep((x, dy, y, n) => WithParameters(n, (w, _) =>
    {
        float* statistics = Statistics();
        NormKernels.RmsForward(x, Rows, n, w, 1e-6f, y, statistics);
        NormKernels.RmsBackward(x, dy, Rows, n, w, statistics, y, accumulate: true);
    }));

    [Theory]
    [MemberData(nameof(ActivationTests.Kinds), MemberType = typeof(ActivationTests))]
    public void Activations(ActivationKind kind)
    {
        Sweep((x, _, y, n) => ActivationKernels.Forward(kind, x, y, Rows * n));
        Sweep((x, dy, y, n) => ActivationKernels.GatedBackwardGate(kind, x, dy, dy, y, Rows * n, accumulate: true));
    }

    [Fact]
    public void Dropout()
    {
        Sweep((x, _, y, n) => DropoutKernels.Apply(x, y, n, TestData.Layout(1, Rows - 1), 0.4f, 7, 3, accumulate: false));
        Sweep((x, _, y, n) => DropoutKernels.Apply(x, y, n, TestData.Layout(Rows), 0.4f, 7, 3, accumulate: true));
    }

    [Theory]
    [InlineData(0f, true)]
    [InlineData(0.2f, false)]
    public void Cross_entropy(float smoothing, bool accumulate) => Sweep(
        (x, _, y, n) =>
        {
            int* indices = stackalloc int[] { 0, 2 };
            int* targets = stackalloc int[] { n / 2, -100, n - 1 };
            double* losses = stackalloc double[2];
            Lanes.Run(2, new CrossEntropyKernels.Job
            {
                Logits = x,
                Gradient = y,
                Accumulate = accumulate,
                Columns = n,
                Indices = indices,
                AllRows = true,
                Targets = targets,
                Losses = losses,
                Scale = 0.5f,
                Smoothing = smoothing,
            });
            y[n] += (float)losses[0];
        },
        shortest: 1);

    private static float* Statistics() => Memory.ThreadScratch.GetSingles(3, 2 * Rows);

    private static void WithParameters(int count, Action<Parameter, Parameter> action)
        => action(TestData.Parameter("weight", TestData.Uniform(count, 21)), TestData.Parameter("bias", TestData.Uniform(count, 22)));

    private static void Sweep(Kernel kernel, int shortest = 0)
    {
        Isa before = InstructionSet.Current;
        try
        {
            for (int columns = shortest; columns <= Longest; columns++)
            {
                InstructionSet.Current = Isa.Scalar;
                float[] expected = Run(kernel, columns);
                foreach (Isa isa in LaneFunctions.Available)
                {
                    InstructionSet.Current = isa;
                    float[] actual = Run(kernel, columns);
                    for (int i = 0; i < expected.Length; i++)
                    {
                        Assert.True(
                            BitConverter.SingleToUInt32Bits(expected[i]) == BitConverter.SingleToUInt32Bits(actual[i]),
                            $"{isa}, {columns} columns, element {i}: {actual[i]:R}, not {expected[i]:R}");
                    }
                }
            }
        }
        finally
        {
            InstructionSet.Current = before;
        }
    }

    private static float[] Run(Kernel kernel, int columns)
    {
        int count = Rows * columns;
        float[] x = TestData.Uniform(count + 1, 1, 6);
        float[] dy = TestData.Uniform(count + 1, 2, 6);
        var y = new float[count + (2 * Guard)];
        Array.Fill(y, Mark);
        TestData.Uniform(count, 3, 6).CopyTo(y, Guard);
        fixed (float* px = x, pdy = dy, py = y)
        {
            kernel(px, pdy, py + Guard, columns);
        }

        Assert.All(y[..Guard].Concat(y[^Guard..]), v => Assert.Equal(Mark, v));
        return y[Guard..^Guard];
    }
}
