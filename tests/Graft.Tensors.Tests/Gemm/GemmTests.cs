using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>The products against their contract, bit by bit: shapes, strides, storage formats, instruction sets, threads.</summary>
public sealed unsafe class GemmTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> InstructionSets
    {
        get
        {
            var data = new TheoryData<Isa>();
            foreach (Isa isa in Enum.GetValues<Isa>())
            {
                if (isa <= InstructionSet.Best)
                {
                    data.Add(isa);
                }
            }

            return data;
        }
    }

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Every_remainder_of_m_n_and_k(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(1);
        DType[] dtypes = [DType.Float32, DType.BFloat16, DType.Float16];

        // Each of the sizes 0..130 occurs in each place; the others vary with it.
        for (int size = 0; size <= 130; size++)
        {
            DType dtype = dtypes[size % 3];
            Check(size, random.Next(70), random.Next(60), dtype, random);
            Check(random.Next(40), size, random.Next(60), dtype, random);
            Check(random.Next(20), random.Next(40), size, dtype, random);
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Sums_are_cut_every_192_terms(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(2);
        foreach (int k in new[] { 191, 192, 193, 383, 384, 387, 1031 })
        {
            foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
            {
                Check(15, 37, k, dtype, random);
            }
        }
    }

    [Theory]
    [InlineData(300, 40, 1100)] // more of A than is kept packed
    [InlineData(1000, 33, 515)]
    public void Many_rows(int m, int n, int k) => Check(m, n, k, DType.BFloat16, new Random(3));

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Gradients_are_summed_sequence_by_sequence(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(4);
        foreach ((int m, int n) in new[] { (1, 1), (8, 100), (100, 8), (16, 64), (37, 45), (14, 32), (3, 131), (64, 16), (29, 7) })
        {
            int[] offsets = [5, 28, 28, 29, 128, 388, 900];
            using NativeBuffer a = new NativeBuffer(900, m, m + 3).Fill(random);
            using NativeBuffer b = new NativeBuffer(900, n, n + 5).Fill(random);
            using NativeBuffer expected = new NativeBuffer(m, n, n + 2).Fill(random);
            using NativeBuffer together = expected.Clone();
            using NativeBuffer apart = expected.Clone();
            ReferenceGemm.AccumulateTransposed(a, b, expected, offsets);

            Gemm.AccumulateTransposed(m, n, a.Data, a.Stride, b.Data, b.Stride, together.Data, together.Stride, offsets);
            together.AssertSameBits(expected, $"{isa} {m}x{n}");

            for (int s = 0; s + 1 < offsets.Length; s++)
            {
                Gemm.AccumulateTransposed(m, n, a.Data, a.Stride, b.Data, b.Stride, apart.Data, apart.Stride, offsets.AsSpan(s, 2));
            }

            apart.AssertSameBits(expected, $"{isa} {m}x{n}, one sequence a call");
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
        var random = new Random(5);
        Check(23, 300, 576, DType.BFloat16, random);
        Check(200, 8, 300, DType.Float32, random);
        Check(1, 500, 300, DType.Float16, random);
        Check(130, 130, 130, DType.Float32, random);
        using NativeBuffer a = new NativeBuffer(300, 130, 130).Fill(random);
        using NativeBuffer b = new NativeBuffer(300, 120, 120).Fill(random);
        using NativeBuffer expected = new NativeBuffer(130, 120, 120).Fill(random);
        using NativeBuffer actual = expected.Clone();
        ReferenceGemm.AccumulateTransposed(a, b, expected, [0, 120, 300]);
        Gemm.AccumulateTransposed(130, 120, a.Data, a.Stride, b.Data, b.Stride, actual.Data, actual.Stride, [0, 120, 300]);
        actual.AssertSameBits(expected, $"{workers} workers");
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        var random = new Random(6);
        using NativeBuffer a = new NativeBuffer(64, 128, 128).Fill(random);
        using var b = new StoredMatrix(DType.BFloat16, 128, 128, random);
        using NativeBuffer c = new NativeBuffer(128, 128, 128).Fill(random);
        long before = 0;
        for (int i = 0; i < 5; i++)
        {
            before = i == 4 ? GC.GetAllocatedBytesForCurrentThread() : 0;
            Gemm.MultiplyTransposed(64, a.Data, 128, b.View, c.Data, 128, accumulate: true);
            Gemm.Multiply(64, a.Data, 128, b.View, c.Data, 128, accumulate: false);
            Gemm.AccumulateTransposed(128, 128, a.Data, 128, a.Data, 128, c.Data, 128, [0, 30, 64]);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Unknown_storage_is_refused()
    {
        float value = 0;
        var view = new WeightView((nint)(&value), DType.Int32, 1, 1);
        Assert.Contains("Int32", Assert.Throws<NotSupportedException>(() => Gemm.Multiply(1, null, 1, view, null, 1, accumulate: false)).Message, StringComparison.Ordinal);
    }

    private static void Check(int m, int n, int k, DType dtype, Random random)
    {
        foreach (bool transposed in new[] { true, false })
        {
            using NativeBuffer a = new NativeBuffer(m, k, k + random.Next(4)).Fill(random);
            using var b = new StoredMatrix(dtype, transposed ? n : k, transposed ? k : n, random);
            using NativeBuffer expected = new NativeBuffer(m, n, n + random.Next(4)).Fill(random);
            using NativeBuffer actual = expected.Clone();
            bool accumulate = random.Next(2) == 0;
            ReferenceGemm.Multiply(a, b.View, transposed, expected, accumulate);
            if (transposed)
            {
                Gemm.MultiplyTransposed(m, a.Data, a.Stride, b.View, actual.Data, actual.Stride, accumulate);
            }
            else
            {
                Gemm.Multiply(m, a.Data, a.Stride, b.View, actual.Data, actual.Stride, accumulate);
            }

            actual.AssertSameBits(expected, $"{InstructionSet.Current} m={m} n={n} k={k} {dtype} transposed={transposed} accumulate={accumulate}");
        }
    }
}
