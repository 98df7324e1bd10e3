using System.Runtime.InteropServices;
using Graft.Tensors;
using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Cli.Bench;

/// <summary>One product's rates in bf16 or int8, in operations a second.</summary>
/// <param name="Shape">The product.</param>
/// <param name="Rate">In the reduced type.</param>
/// <param name="Single">Ours in fp32, with B stored as fp32.</param>
/// <param name="Peak">The reduced type's kernel in the first-level cache, measured by turns with the product.</param>
internal sealed record ReducedGemmResult(GemmShape Shape, double Rate, double Single, double Peak);

/// <summary>Measures matrix products in bf16 or int8 against their own kernel's peak and against fp32.</summary>
internal static unsafe class ReducedGemmBenchmark
{
    private const int PeakRepeats = 200;

    /// <summary>Which kernel runs, and which instruction is missing, if one is.</summary>
    /// <param name="isInt8">int8 rather than bf16.</param>
    public static (string Kernel, string? Missing) Describe(bool isInt8)
    {
        string family = isInt8 ? "int8" : "bf16";
        KernelStatus[] kernels = [.. AssembledKernels.Status().Where(kernel => kernel.Name.StartsWith(family, StringComparison.Ordinal))];
        KernelStatus? on = kernels.FirstOrDefault(kernel => kernel.IsOn);
        string name = on is null
            ? isInt8 ? "int8 pairs of 16 bits in C#" : "bf16 in C#"
            : $"{on.Name}, {on.Tile}";

        // The first is what such products want; only the last, by tile registers, is faster.
        return (name, kernels[0].IsOn || kernels[^1].IsOn ? null : $"{kernels[0].Name[(family.Length + 1)..]} ({kernels[0].Reason})");
    }

    /// <summary>Measures each shape; what is compared takes turns, with the same number of threads.</summary>
    /// <param name="shapes">What to measure: for bf16 products with weights, for int8 those with layout NT.</param>
    /// <param name="isInt8">int8 rather than bf16.</param>
    /// <param name="rounds">Measurements of each candidate.</param>
    public static IEnumerable<ReducedGemmResult> Run(IEnumerable<GemmShape> shapes, bool isInt8, int rounds)
    {
        foreach (GemmShape shape in shapes)
        {
            yield return Measure(shape, isInt8, rounds);
        }
    }

    /// <summary>Best rate of the kernel in the first-level cache, on all workers.</summary>
    /// <param name="isInt8">int8 rather than bf16.</param>
    /// <param name="rounds">Measurements.</param>
    public static double Peak(bool isInt8, int rounds)
    {
        double operations = 0;
        double[] seconds = TakingTurns.Measure(rounds, 1e-3, () => operations = RunPeak(isInt8));
        return operations / seconds[0];
    }

    private static ReducedGemmResult Measure(GemmShape shape, bool isInt8, int rounds)
    {
        using var operands = new Operands(shape);
        double peakOperations = 0;
        double[] seconds = TakingTurns.Measure(
            rounds,
            1e-3,
            isInt8 ? operands.Int8 : operands.HalfWidth,
            operands.Single,
            () => peakOperations = RunPeak(isInt8));
        return new ReducedGemmResult(shape, shape.Operations / seconds[0], shape.Operations / seconds[1], peakOperations / seconds[2]);
    }

    private static double RunPeak(bool isInt8) => isInt8 ? ProductTilePeak.RunInt8(PeakRepeats) : ProductTilePeak.RunBFloat16(PeakRepeats);

    private sealed class Operands : IDisposable
    {
        private readonly GemmShape _shape;
        private readonly float* _a, _b, _c, _rowScales;
        private readonly ushort* _half;
        private readonly sbyte* _codes;
        private readonly Int8Matrix _matrix;

        public Operands(GemmShape shape)
        {
            _shape = shape;
            long m = shape.M, n = shape.N, k = shape.K;
            _a = (float*)Allocate(m * k * sizeof(float));
            _b = (float*)Allocate(n * k * sizeof(float));
            _c = (float*)Allocate(m * n * sizeof(float));
            _half = (ushort*)Allocate(n * k * sizeof(ushort));
            _codes = (sbyte*)Allocate((m + n) * k);
            _rowScales = (float*)Allocate((m + n) * sizeof(float));
            Fill(_a, m * k);
            Fill(_b, n * k);
            for (long i = 0; i < n * k; i++)
            {
                _half[i] = BFloat16.FromSingle(_b[i]);
            }

            for (long i = 0; i < (m + n) * k; i++)
            {
                _codes[i] = (sbyte)((i * 7919 % 255) - 127);
            }

            new Span<float>(_rowScales, (int)(m + n)).Fill(1);
            _matrix = new Int8Matrix((int)n, (int)k, _codes + (m * k), _rowScales + m, null);
        }

        public void HalfWidth()
        {
            var b = new WeightView((nint)_half, DType.BFloat16, _shape.Layout == GemmLayout.NT ? _shape.N : _shape.K, _shape.Layout == GemmLayout.NT ? _shape.K : _shape.N);
            if (_shape.Layout == GemmLayout.NT)
            {
                Gemm.MultiplyTransposedBFloat16(_shape.M, _a, _shape.K, b, _c, _shape.N, accumulate: false);
            }
            else
            {
                Gemm.MultiplyBFloat16(_shape.M, _a, _shape.K, b, _c, _shape.N, accumulate: false);
            }
        }

        public void Int8() => Gemm.MultiplyTransposedInt8(_shape.M, _codes, _rowScales, _matrix, null, _c);

        public void Single()
        {
            if (_shape.Layout == GemmLayout.NT)
            {
                Gemm.MultiplyTransposed(_shape.M, _a, _shape.K, new WeightView(_b, _shape.N, _shape.K), _c, _shape.N, accumulate: false);
            }
            else
            {
                Gemm.Multiply(_shape.M, _a, _shape.K, new WeightView(_b, _shape.K, _shape.N), _c, _shape.N, accumulate: false);
            }
        }

        public void Dispose()
        {
            foreach (nint block in (nint[])[(nint)_a, (nint)_b, (nint)_c, (nint)_half, (nint)_codes, (nint)_rowScales])
            {
                NativeMemory.AlignedFree((void*)block);
            }
        }

        private static void* Allocate(long bytes) => NativeMemory.AlignedAlloc((nuint)bytes, 64);

        private static void Fill(float* data, long count)
        {
            for (long i = 0; i < count; i++)
            {
                data[i] = ((i * 7919) % 1021 / 1021f) - 0.5f;
            }
        }
    }
}
