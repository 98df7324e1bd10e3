using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Graft.Tensors.Tests.Assembly;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>The bf16 products against their contract, bit by bit: shapes, strides, storage formats, instruction sets, with assembled kernels and without.</summary>
public sealed unsafe class BFloat16ProductTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa, bool> Kernels
    {
        get
        {
            var data = new TheoryData<Isa, bool>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
            {
                data.Add(isa, false);
                if (isa >= Isa.Avx2)
                {
                    data.Add(isa, true);
                }
            }

            return data;
        }
    }

    public BFloat16ProductTests() => AssembledKernels.IsExact = true;

    public void Dispose()
    {
        AssembledKernels.IsExact = false;
        InstructionSet.Current = InstructionSet.Best;
        AssembledKernels.IsEnabled = true;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_remainder_of_m_n_and_k(Isa isa, bool assembled)
    {
        Use(isa, assembled);
        var random = new Random(1);
        DType[] dtypes = [DType.BFloat16, DType.Float32, DType.Float16];
        for (int size = 0; size <= 70; size++)
        {
            DType dtype = dtypes[size % 3];
            Check(size, random.Next(36), random.Next(24), dtype, random);
            Check(random.Next(16), size, random.Next(24), dtype, random);
            Check(random.Next(9), random.Next(36), size, dtype, random);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Sums_are_cut_every_256_terms(Isa isa, bool assembled)
    {
        Use(isa, assembled);
        var random = new Random(2);
        foreach (int k in new[] { 255, 256, 257, 511, 512, 515, 1031 })
        {
            foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
            {
                Check(7, 19, k, dtype, random);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Quantised_weights_are_decoded_then_rounded(Isa isa, bool assembled)
    {
        Use(isa, assembled);
        var random = new Random(3);
        Int8Matrix matrix = Int8Quantizer.Quantize(TestData.Parameter("w", TestData.Uniform(70 * 90, 3), 70, 90).View);
        foreach (bool transposed in new[] { true, false })
        {
            Check(9, new WeightView(matrix), transposed, random, "int8");
        }
    }

    [Theory]
    [InlineData(150, 20, 2100)] // more of A than is kept packed
    [InlineData(1200, 5, 515)] // in blocks of rows
    public void Many_rows(int m, int n, int k) => Check(m, n, k, DType.BFloat16, new Random(3));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_nothing(int workers)
    {
        WorkerPool.Resize(workers);
        var random = new Random(5);
        Check(13, 150, 576, DType.BFloat16, random);
        Check(200, 8, 300, DType.Float32, random);
        Check(7, 1000, 64, DType.Float16, random);
    }

    [SkippableTheory]
    [InlineData("wide")]
    [InlineData("narrow")]
    [InlineData("amx")]
    [InlineData("amx emulated")]
    [InlineData("amx here")]
    public void Packing_fits_the_tiles_of_every_assembled_kernel(string name)
    {
        ProductTile tile = Tile(name);
        var random = new Random(8);
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (13, 31, 7), (14, 32, 64), (15, 33, 65), (29, 70, 257), (43, 17, 515), (67, 33, 97) })
        {
            foreach (bool transposed in new[] { true, false })
            {
                using var stored = new StoredMatrix(DType.BFloat16, transposed ? n : k, transposed ? k : n, random);
                using NativeBuffer a = new NativeBuffer(m, k, k + 1).Fill(random);
                using NativeBuffer expected = new NativeBuffer(m, n, n + 2).Fill(random);
                using NativeBuffer actual = expected.Clone();
                ReferenceGemm.MultiplyBFloat16(a, stored.View, transposed, expected, accumulate: true, tile.IsRowMajor);
                fixed (uint* units = new uint[BFloat16Operand.UnitsOf(tile, m, k)])
                {
                    BFloat16Operand packed = BFloat16Operand.Pack(tile, a.Data, a.Stride, m, 0, k, units);
                    Gemm.MultiplyBFloat16(packed, stored.View, transposed, actual.Data, actual.Stride, accumulate: true);
                }

                actual.AssertSameBits(expected, $"{name} {(transposed ? "NT" : "NN")} {m}x{n}x{k}");
            }
        }
    }

    [SkippableTheory]
    [InlineData("wide", Isa.Avx512)]
    [InlineData("amx", Isa.Avx512)]
    [InlineData("amx", Isa.Avx2)]
    [InlineData("amx", Isa.Vector128)]
    [InlineData("amx", Isa.Scalar)]
    [InlineData("amx emulated", Isa.Avx512)]
    [InlineData("amx here", Isa.Avx512)]
    public void Weight_gradients_fit_them_too(string name, Isa isa)
    {
        InstructionSet.Current = isa <= InstructionSet.Best ? isa : InstructionSet.Best;
        ProductTile tile = Tile(name);
        var random = new Random(10);
        int[] offsets = [0, 5, 5, 18, 19, 300, 302];
        foreach ((int m, int n) in new[] { (1, 1), (5, 40), (33, 70), (57, 16), (290, 21) })
        {
            CheckGradient(tile, m, n, offsets, random, name);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Weight_gradients_are_summed_sequence_by_sequence(Isa isa, bool assembled)
    {
        Use(isa, assembled);
        var random = new Random(9);
        int[] offsets = [0, 5, 5, 18, 19, 300, 302];
        foreach ((int m, int n) in new[] { (1, 1), (5, 40), (8, 70), (16, 33), (40, 8), (57, 16), (150, 21) })
        {
            CheckGradient(m, n, offsets, random);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_nothing_in_weight_gradients(int workers)
    {
        WorkerPool.Resize(workers);
        CheckGradient(130, 120, [0, 120, 400], new Random(5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Weight_gradients_fit_the_tiles_of_every_assembled_kernel(bool wide)
    {
        ProductTile tile = wide ? PlainTile.Wide(isInteger: false) : PlainTile.Narrow(isInteger: false);
        var random = new Random(8);
        int[] offsets = [0, 7, 30];
        foreach ((int m, int n) in new[] { (1, 1), (13, 31), (16, 64), (130, 16), (2000, 3) })
        {
            CheckGradient(tile, m, n, offsets, random, wide ? "wide" : "narrow");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(16)]
    public void Rounded_pairs_are_alike_with_every_vector_length(int lanes)
    {
        float[] rows = new float[80];
        for (int i = 0; i < rows.Length; i++)
        {
            uint[] special = [0x7F800001, 0xFFFFFFFF, 0x7F7FFFFF, 0x3F808000, 0x3F818000, 0x00000001, 0xFF800000];
            rows[i] = BitConverter.UInt32BitsToSingle(i % 9 < special.Length ? special[i % 9] : CounterRandom.Next(3, 0, (ulong)i).A);
        }

        uint* units = stackalloc uint[40];
        fixed (float* even = rows)
        {
            for (int count = 0; count < 40; count++)
            {
                foreach (int read in new[] { 2, 1 })
                {
                    new Span<uint>(units, 40).Fill(7);
                    BFloat16Rows.RoundPairs(lanes, even, 40, read, count, units, 40);
                    for (int j = 0; j < 40; j++)
                    {
                        uint expected = j >= count ? 7 : BFloat16.FromSingle(even[j]) | (read == 2 ? (uint)BFloat16.FromSingle(even[40 + j]) << 16 : 0);
                        Assert.True(units[j] == expected, $"{lanes} lanes, {count} columns: {j}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void Rows_are_paired_alike_with_every_vector_length(int lanes)
    {
        ushort[] source = [.. Enumerable.Range(0, 5 * 40).Select(i => (ushort)(i * 331))];
        uint* units = stackalloc uint[3 * 32];
        for (int count = 1; count <= 32; count++)
        {
            new Span<uint>(units, 3 * 32).Fill(7);
            fixed (ushort* rows = source)
            {
                BFloat16Rows.Interleave(lanes, rows, 40, 5, count, units, 32);
            }

            for (int i = 0; i < 3 * 32; i++)
            {
                int p = i / 32, j = i % 32;
                uint expected = j >= count ? 7 : source[(80 * p) + j] | (p == 2 ? 0 : (uint)source[(80 * p) + 40 + j] << 16);
                Assert.True(units[i] == expected, $"{lanes} lanes, {count} columns: pair {p}, column {j}");
            }
        }
    }

    [Fact]
    public void A_row_is_the_same_in_any_batch()
    {
        var random = new Random(6);
        using var stored = new StoredMatrix(DType.BFloat16, 45, 700, random);
        using NativeBuffer a = new NativeBuffer(40, 700, 700).Fill(random);
        using var together = new NativeBuffer(40, 45, 45);
        using var apart = new NativeBuffer(40, 45, 45);
        Gemm.MultiplyTransposedBFloat16(40, a.Data, 700, stored.View, together.Data, 45, accumulate: false);
        for (int i = 0; i < 40; i++)
        {
            Gemm.MultiplyTransposedBFloat16(1, a.Data + (i * 700), 700, stored.View, apart.Data + (i * 45), 45, accumulate: false);
        }

        apart.AssertSameBits(together, "one row a call");
    }

    [Fact]
    public void It_is_close_to_the_product_in_double_precision()
    {
        var random = new Random(7);
        using var stored = new StoredMatrix(DType.BFloat16, 33, 900, random);
        using NativeBuffer a = new NativeBuffer(17, 900, 900).Fill(random);
        using var c = new NativeBuffer(17, 33, 33);
        Gemm.MultiplyTransposedBFloat16(17, a.Data, 900, stored.View, c.Data, 33, accumulate: false);
        for (int i = 0; i < 17; i++)
        {
            for (int j = 0; j < 33; j++)
            {
                double exact = 0, size = 0;
                for (int p = 0; p < 900; p++)
                {
                    double term = (double)a[i, p] * WeightDecoder.Read(stored.View, (j * 900) + p);
                    exact += term;
                    size += Math.Abs(term);
                }

                // Rounding A to 8 bits of precision is the largest error.
                Assert.InRange(c[i, j], exact - (size / 256), exact + (size / 256));
            }
        }
    }

    [Fact]
    public void Quantities_that_are_not_finite_come_through()
    {
        foreach (bool assembled in new[] { true, false })
        {
            AssembledKernels.IsEnabled = assembled;
            float[] a = [float.NaN, 1, float.PositiveInfinity, 2, 3.4e38f, 1];
            float[] b = [1, 1, 2, 1];
            float[] c = new float[6];
            fixed (float* x = a, w = b, y = c)
            {
                Gemm.MultiplyTransposedBFloat16(3, x, 2, new WeightView(w, 2, 2), y, 2, accumulate: false);
            }

            Assert.True(float.IsNaN(c[0]) && float.IsNaN(c[1]));
            Assert.Equal([float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity], c[2..]);
        }
    }

    private static ProductTile Tile(string name) => name switch
    {
        "wide" => PlainTile.Wide(isInteger: false),
        "narrow" => PlainTile.Narrow(isInteger: false),
        "amx" => PlainTile.Amx(isInteger: false),
        "amx emulated" => new EmulatedTile(AssembledTile.BFloat16Amx),
        _ => AmxHere.Tile(isInteger: false),
    };

    private static void Use(Isa isa, bool assembled)
    {
        InstructionSet.Current = isa;
        AssembledKernels.IsEnabled = assembled;
    }

    private static void CheckGradient(ProductTile tile, int m, int n, int[] offsets, Random random, string name)
    {
        using NativeBuffer a = new NativeBuffer(offsets[^1], m, m + 3).Fill(random);
        using NativeBuffer b = new NativeBuffer(offsets[^1], n, n + 1).Fill(random);
        using NativeBuffer expected = new NativeBuffer(m, n, n + 2).Fill(random);
        using NativeBuffer actual = expected.Clone();
        ReferenceGemm.AccumulateTransposedBFloat16(a, b, expected, offsets, tile.IsRowMajor);
        fixed (int* starts = offsets)
        {
            new BFloat16GradientProduct
            {
                Tile = tile,
                M = m,
                N = n,
                A = a.Data,
                Lda = a.Stride,
                B = b.Data,
                Ldb = b.Stride,
                C = actual.Data,
                Ldc = actual.Stride,
                Offsets = starts,
                Sequences = offsets.Length - 1,
            }.Run();
        }

        actual.AssertSameBits(expected, $"{name} {m}x{n}");
    }

    private static void CheckGradient(int m, int n, int[] offsets, Random random)
    {
        using NativeBuffer a = new NativeBuffer(offsets[^1], m, m + 3).Fill(random);
        using NativeBuffer b = new NativeBuffer(offsets[^1], n, n + 1).Fill(random);
        using NativeBuffer expected = new NativeBuffer(m, n, n + 2).Fill(random);
        using NativeBuffer together = expected.Clone();
        using NativeBuffer apart = expected.Clone();
        ReferenceGemm.AccumulateTransposedBFloat16(a, b, expected, offsets);
        Gemm.AccumulateTransposedBFloat16(m, n, a.Data, a.Stride, b.Data, b.Stride, together.Data, together.Stride, offsets);
        together.AssertSameBits(expected, $"{m}x{n}");
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            Gemm.AccumulateTransposedBFloat16(m, n, a.Data, a.Stride, b.Data, b.Stride, apart.Data, apart.Stride, offsets.AsSpan(s, 2));
        }

        apart.AssertSameBits(expected, $"{m}x{n}, one sequence a call");
    }

    private static void Check(int m, int n, int k, DType dtype, Random random)
    {
        using var byRows = new StoredMatrix(dtype, n, k, random);
        Check(m, byRows.View, transposed: true, random, $"{dtype}");
        using var byColumns = new StoredMatrix(dtype, k, n, random);
        Check(m, byColumns.View, transposed: false, random, $"{dtype}");
    }

    private static void Check(int m, in WeightView b, bool transposed, Random random, string format)
    {
        int n = transposed ? b.Rows : b.Columns, k = transposed ? b.Columns : b.Rows;
        using NativeBuffer a = new NativeBuffer(m, k, k + 3).Fill(random);
        foreach (bool accumulate in new[] { false, true })
        {
            using NativeBuffer expected = new NativeBuffer(m, n, n + 2).Fill(random);
            using NativeBuffer actual = expected.Clone();
            ReferenceGemm.MultiplyBFloat16(a, b, transposed, expected, accumulate);
            if (transposed)
            {
                Gemm.MultiplyTransposedBFloat16(m, a.Data, a.Stride, b, actual.Data, actual.Stride, accumulate);
            }
            else
            {
                Gemm.MultiplyBFloat16(m, a.Data, a.Stride, b, actual.Data, actual.Stride, accumulate);
            }

            actual.AssertSameBits(expected, $"{InstructionSet.Current}, assembled {AssembledKernels.IsEnabled}, {format} {(transposed ? "NT" : "NN")} {m}x{n}x{k}, accumulate {accumulate}");
        }
    }
}
