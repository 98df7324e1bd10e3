using System.Runtime.InteropServices;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>One product's rates, in operations a second.</summary>
/// <param name="Shape">The product.</param>
/// <param name="Threads">Workers.</param>
/// <param name="Single">With B stored as fp32.</param>
/// <param name="BFloat16">With B stored as bf16; null for weight gradients, whose operands are activations.</param>
/// <param name="OpenBlas">OpenBLAS's sgemm, where it is installed.</param>
/// <param name="Peak">The microkernel's rate in the first-level cache, measured by turns with the product.</param>
internal sealed record GemmResult(GemmShape Shape, int Threads, double Single, double? BFloat16, double? OpenBlas, double Peak);

/// <summary>Measures matrix products against the microkernel's own peak and against OpenBLAS.</summary>
internal static unsafe class GemmBenchmark
{
    /// <summary>Measures each shape; ours and theirs take turns, with the same number of threads.</summary>
    /// <param name="shapes">What to measure.</param>
    /// <param name="rounds">Measurements of each candidate.</param>
    /// <param name="openBlas">What to compare with, or null.</param>
    public static IEnumerable<GemmResult> Run(IEnumerable<GemmShape> shapes, int rounds, OpenBlas? openBlas)
    {
        int threads = WorkerPool.Shared.WorkerCount;
        openBlas?.SetThreads(threads);
        foreach (GemmShape shape in shapes)
        {
            yield return Measure(shape, rounds, openBlas, threads);
        }
    }

    /// <summary>Geometric mean; null where there is nothing.</summary>
    public static double? GeometricMean(IEnumerable<double> ratios)
    {
        double[] logarithms = [.. ratios.Select(ratio => Math.Log(ratio))];
        return logarithms.Length == 0 ? null : Math.Exp(logarithms.Average());
    }

    private static GemmResult Measure(GemmShape shape, int rounds, OpenBlas? openBlas, int threads)
    {
        using var operands = new Operands(shape);
        var candidates = new List<Action> { () => operands.Ours(DType.Float32) };
        int bfloat16 = -1, theirs = -1;
        if (shape.Layout != GemmLayout.TN)
        {
            bfloat16 = candidates.Count;
            candidates.Add(() => operands.Ours(DType.BFloat16));
        }

        if (openBlas != null)
        {
            theirs = candidates.Count;
            candidates.Add(() => operands.Theirs(openBlas));
        }

        double peakOperations = 0;
        candidates.Add(() => peakOperations = MicrokernelPeak.Run(200));
        double[] seconds = TakingTurns.Measure(rounds, 1e-3, [.. candidates]);
        double operations = shape.Operations;
        return new GemmResult(
            shape, threads, operations / seconds[0],
            bfloat16 < 0 ? null : operations / seconds[bfloat16],
            theirs < 0 ? null : operations / seconds[theirs], peakOperations / seconds[^1]);
    }

    private sealed class Operands : IDisposable
    {
        private readonly GemmShape _shape;
        private readonly float* _a, _b, _c;
        private readonly ushort* _bHalf;
        private readonly int[] _offsets;

        public Operands(GemmShape shape)
        {
            _shape = shape;
            _offsets = [0, shape.K];
            _a = Allocate((long)shape.M * shape.K);
            _b = Allocate((long)shape.N * shape.K);
            _c = Allocate((long)shape.M * shape.N);
            long count = (long)shape.N * shape.K;
            _bHalf = (ushort*)NativeMemory.AlignedAlloc((nuint)count * sizeof(ushort), 64);
            for (long i = 0; i < count; i++)
            {
                _bHalf[i] = BFloat16.FromSingle(_b[i]);
            }
        }

        public void Ours(DType dtype)
        {
            (int m, int n, int k) = (_shape.M, _shape.N, _shape.K);
            nint data = dtype == DType.Float32 ? (nint)_b : (nint)_bHalf;
            switch (_shape.Layout)
            {
                case GemmLayout.NT: Gemm.MultiplyTransposed(m, _a, k, new WeightView(data, dtype, n, k), _c, n, accumulate: false); break;
                case GemmLayout.NN: Gemm.Multiply(m, _a, k, new WeightView(data, dtype, k, n), _c, n, accumulate: false); break;
                default: Gemm.AccumulateTransposed(m, n, _a, m, _b, n, _c, n, _offsets); break;
            }
        }

        public void Theirs(OpenBlas openBlas)
        {
            (int m, int n, int k) = (_shape.M, _shape.N, _shape.K);
            int lda = _shape.Layout == GemmLayout.TN ? m : k;
            int ldb = _shape.Layout == GemmLayout.NT ? k : n;
            openBlas.Multiply(_shape.Layout, m, n, k, _a, lda, _b, ldb, _shape.Layout == GemmLayout.TN ? 1 : 0, _c, n);
        }

        public void Dispose()
        {
            NativeMemory.AlignedFree(_a);
            NativeMemory.AlignedFree(_b);
            NativeMemory.AlignedFree(_c);
            NativeMemory.AlignedFree(_bHalf);
        }

        private static float* Allocate(long count)
        {
            var data = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
            for (long i = 0; i < count; i++)
            {
                data[i] = ((i * 7919) % 1021 / 1021f) - 0.5f;
            }

            return data;
        }
    }
}
