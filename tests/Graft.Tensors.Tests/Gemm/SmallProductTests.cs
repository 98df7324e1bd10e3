using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>The products of a few rows: a fixed order of summation, the same on every instruction set and for every m.</summary>
public sealed unsafe class SmallProductTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> InstructionSets => GemmTests.InstructionSets;

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Row_products_keep_their_order_of_summation(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(11);
        foreach (int k in new[] { 0, 1, 7, 63, 64, 65, 127, 128, 200, 576, 1031 })
        {
            foreach (int m in new[] { 0, 1, 2, 3, 4, 5, 7, 8, 11 })
            {
                foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
                {
                    int n = random.Next(1, 40);
                    bool accumulate = random.Next(2) == 0;
                    using NativeBuffer a = new NativeBuffer(m, k, k + random.Next(4)).Fill(random);
                    using var b = new StoredMatrix(dtype, n, k, random);
                    using NativeBuffer expected = new NativeBuffer(m, n, n + 3).Fill(random);
                    using NativeBuffer actual = expected.Clone();
                    for (int i = 0; i < m; i++)
                    {
                        for (int j = 0; j < n; j++)
                        {
                            float sum = Dot(a, i, b.View, j, k);
                            expected[i, j] = accumulate ? expected[i, j] + sum : sum;
                        }
                    }

                    Gemm.MultiplyTransposedSmall(m, a.Data, a.Stride, b.View, actual.Data, actual.Stride, accumulate);
                    actual.AssertSameBits(expected, $"{isa} m={m} n={n} k={k} {dtype} accumulate={accumulate}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Column_products_equal_the_blocked_ones(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(12);
        foreach (int k in new[] { 0, 1, 7, 8, 9, 191, 192, 193, 390 })
        {
            foreach (int n in new[] { 1, 5, 16, 33, 130, 2051 })
            {
                foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
                {
                    int m = random.Next(1, 5);
                    bool accumulate = random.Next(2) == 0;
                    using NativeBuffer a = new NativeBuffer(m, k, k + 1).Fill(random);
                    using var b = new StoredMatrix(dtype, k, n, random);
                    using NativeBuffer expected = new NativeBuffer(m, n, n + 3).Fill(random);
                    using NativeBuffer actual = expected.Clone();
                    ReferenceGemm.Multiply(a, b.View, transposed: false, expected, accumulate);
                    Gemm.MultiplySmall(m, a.Data, a.Stride, b.View, actual.Data, actual.Stride, accumulate);
                    actual.AssertSameBits(expected, $"{isa} m={m} n={n} k={k} {dtype} accumulate={accumulate}");
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_nothing(int workers)
    {
        WorkerPool.Resize(workers);
        var random = new Random(13);
        using NativeBuffer a = new NativeBuffer(2, 700, 700).Fill(random);
        using var rows = new StoredMatrix(DType.BFloat16, 900, 700, random);
        using var columns = new StoredMatrix(DType.BFloat16, 700, 900, random);
        using var actual = new NativeBuffer(2, 900, 900);
        using var expected = new NativeBuffer(2, 900, 900);
        for (int i = 0; i < 2; i++)
        {
            for (int j = 0; j < 900; j++)
            {
                expected[i, j] = Dot(a, i, rows.View, j, 700);
            }
        }

        Gemm.MultiplyTransposedSmall(2, a.Data, 700, rows.View, actual.Data, 900, accumulate: false);
        actual.AssertSameBits(expected, $"{workers} workers, rows");
        ReferenceGemm.Multiply(a, columns.View, transposed: false, expected, accumulate: false);
        Gemm.MultiplySmall(2, a.Data, 700, columns.View, actual.Data, 900, accumulate: false);
        actual.AssertSameBits(expected, $"{workers} workers, columns");
    }

    // The documented order, written out again: 16 partial sums, folded by halves.
    private static float Dot(NativeBuffer a, int row, in WeightView b, int bRow, int k)
    {
        var sums = new float[16];
        for (int p = 0; p < k; p++)
        {
            sums[p % 16] = MathF.FusedMultiplyAdd(a[row, p], WeightDecoder.Read(b, ((long)bRow * k) + p), sums[p % 16]);
        }

        for (int half = 8; half > 0; half /= 2)
        {
            sums = [.. sums.Take(half).Zip(sums.Skip(half), (lower, upper) => lower + upper)];
        }

        return sums[0];
    }
}
