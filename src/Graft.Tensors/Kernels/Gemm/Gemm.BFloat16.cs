using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <content>Products in bf16 with sums in fp32: twice the rate of fp32 and more on CPUs with AVX512_BF16, the same bits on all others.</content>
public static unsafe partial class Gemm
{
    /// <summary>Terms that <see cref="MultiplyTransposedBFloat16"/> sums before the sum is added to C.</summary>
    internal const int BFloat16Depth = BFloat16Rows.MaxDepth;

    /// <summary>The slot of <see cref="ThreadScratch"/> that a packed A lives in: the kernels use <see cref="ScratchSlot"/> meanwhile.</summary>
    private const int OperandSlot = 8;

    /// <summary>Bytes of A that are packed at a time where the copy is used once.</summary>
    private const long OperandBytes = 2 << 20;

    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> in bf16: the forward pass of a linear layer, B its weight [out, in].</summary>
    /// <remarks>
    /// A and B are rounded to bf16, to nearest, ties to even. Every element of C is a sum over k in blocks of 256 terms, each from zero: pair by
    /// pair in ascending order, in a pair the odd term before the even one, each by a fused multiply-add rounded to nearest even; an odd k is padded with a
    /// term 0 · 0. In a block subnormal numbers, given or computed, are zeros of their sign. The blocks' sums are then added to C one after the
    /// other in ordinary fp32. These are the steps of <c>vdpbf16ps</c>, and the result has the same bits on every machine, for any number of rows and threads.
    /// Where GRAFT_ISA=amx asks for tile registers, sums are those of <c>tdpbf16ps</c> instead, also for any number of rows and threads.
    /// </remarks>
    /// <param name="m">Rows of A and C (tokens).</param>
    /// <param name="a">A, fp32; rounded while it is packed.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with n rows and k columns, in any format that kernels read.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void MultiplyTransposedBFloat16(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
        => DispatchBFloat16(m, b.Rows, b.Columns, a, lda, b, bTransposed: true, c, ldc, accumulate);

    /// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c> in bf16: the input gradient of a linear layer, or a Conv1D's forward pass.</summary>
    /// <remarks>Rounding and order of summation: <see cref="MultiplyTransposedBFloat16"/>.</remarks>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="a">A, fp32; rounded while it is packed.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with k rows and n columns, in any format that kernels read.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void MultiplyBFloat16(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
        => DispatchBFloat16(m, b.Columns, b.Rows, a, lda, b, bTransposed: false, c, ldc, accumulate);

    /// <summary><c>C[m,n] += A[k,m]ᵀ · B[k,n]</c> in bf16: a weight gradient, summed sequence by sequence.</summary>
    /// <remarks>Rounding and order of summation: <see cref="MultiplyTransposedBFloat16"/>, with tokens as k.</remarks>
    /// <param name="m">Columns of A, rows of C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="a">A, fp32, one row a token; rounded while it is packed.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B, fp32, one row a token; rounded while it is packed.</param>
    /// <param name="ldb">Elements from one row of B to the next.</param>
    /// <param name="c">C, fp32; the product is added to it.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="sequenceOffsets">
    /// Start of each sequence and the end of the last. A sequence is cut every 256 tokens from its own start; each piece's product is formed
    /// from zero and then added to C, in order: a batch gives the same bits as its sequences one by one.
    /// </param>
    public static void AccumulateTransposedBFloat16(int m, int n, float* a, long lda, float* b, long ldb, float* c, long ldc, ReadOnlySpan<int> sequenceOffsets)
    {
        if (m <= 0 || n <= 0 || sequenceOffsets.Length < 2)
        {
            return;
        }

        long tokens = sequenceOffsets[^1] - sequenceOffsets[0];
        OpProfile.Count(2.0 * m * n * tokens, sizeof(float) * ((tokens * (m + n)) + (2.0 * m * n)));
        fixed (int* offsets = sequenceOffsets)
        {
            new BFloat16GradientProduct
            {
                Tile = BFloat16Tile.Current,
                M = m,
                N = n,
                A = a,
                Lda = lda,
                B = b,
                Ldb = ldb,
                C = c,
                Ldc = ldc,
                Offsets = offsets,
                Sequences = sequenceOffsets.Length - 1,
            }.Run();
        }
    }

    /// <summary><c>C (+)= A · B</c> or <c>A · Bᵀ</c> with rows of A that are packed already: all of their k, or those from <see cref="BFloat16Operand.First"/> on.</summary>
    /// <param name="a">A.</param>
    /// <param name="b">B with all of its k.</param>
    /// <param name="bTransposed">Whether k runs along the columns of B.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    internal static void MultiplyBFloat16(in BFloat16Operand a, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
    {
        int n = bTransposed ? b.Rows : b.Columns;
        if (a.Rows > 0 && n > 0)
        {
            Count(a.Rows, n, a.Columns, b);
            var product = new PackedProduct { A = a, N = n, B = b, BTransposed = bTransposed, C = c, Ldc = ldc, Accumulate = accumulate };
            WeightFormat.Choose(b, ref product);
        }
    }

    private static void DispatchBFloat16(int m, int n, int k, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        // Sums are cut there anyway, so a few blocks of k at a time give the same bits.
        ProductTile tile = BFloat16Tile.Current;
        int columns = BFloat16Operand.ColumnsOf(tile, m, OperandBytes);
        for (int first = 0; first == 0 || first < k; first += columns)
        {
            int count = Math.Min(columns, k - first);
            var units = (uint*)ThreadScratch.Get(OperandSlot, (nuint)BFloat16Operand.UnitsOf(tile, m, count) * sizeof(uint));
            MultiplyBFloat16(BFloat16Operand.Pack(tile, a + first, lda, m, first, count, units), b, bTransposed, c, ldc, accumulate || first > 0);
        }
    }

    /// <summary>A product in bf16, whatever B is stored as.</summary>
    private struct PackedProduct : IWeightFormatJob
    {
        public BFloat16Operand A;
        public int N;
        public WeightView B;
        public bool BTransposed, Accumulate;
        public float* C;
        public long Ldc;

        public readonly void Run<TDecoder, TPairs>()
            where TDecoder : struct, IPanelDecoder
            where TPairs : struct, IPairDecoder
            => new BFloat16Product<TPairs> { A = A, N = N, B = B, BTransposed = BTransposed, C = C, Ldc = Ldc, Accumulate = Accumulate }.Run();
    }
}
