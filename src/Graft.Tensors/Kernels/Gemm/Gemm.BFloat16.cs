namespace Graft.Tensors.Kernels;

/// <content>Products in bf16 with sums in fp32: twice the rate of fp32 and more on CPUs with AVX512_BF16, the same bits on all others.</content>
public static unsafe partial class Gemm
{
    /// <summary>Terms that <see cref="MultiplyTransposedBFloat16"/> sums before the sum is added to C.</summary>
    internal const int BFloat16Depth = BFloat16Rows.MaxDepth;

    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> in bf16: the forward pass of a linear layer, B its weight [out, in].</summary>
    /// <remarks>
    /// A and B are rounded to bf16, to nearest, ties to even. Every element of C is a sum over k in blocks of 256 terms, each from zero: pair by
    /// pair in ascending order, in a pair the odd term before the even one, each by a fused multiply-add rounded to nearest even; an odd k is padded with a
    /// term 0 · 0. In a block subnormal numbers, given or computed, are zeros of their sign. The blocks' sums are then added to C one after the
    /// other in ordinary fp32. These are the steps of <c>vdpbf16ps</c>, and the result has the same bits on every machine, for any number of rows and threads.
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

    private static void DispatchBFloat16(int m, int n, int k, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        Count(m, n, k, b);
        if (b.Quantized is not null)
        {
            RunBFloat16<RoundedPairs<QuantizedDecoder>>(m, n, k, a, lda, b, bTransposed, c, ldc, accumulate);
            return;
        }

        switch (b.DType)
        {
            case DType.Float32: RunBFloat16<RoundedPairs<SingleDecoder>>(m, n, k, a, lda, b, bTransposed, c, ldc, accumulate); break;
            case DType.BFloat16: RunBFloat16<BFloat16Pairs>(m, n, k, a, lda, b, bTransposed, c, ldc, accumulate); break;
            case DType.Float16: RunBFloat16<RoundedPairs<HalfWidthDecoder<Float16Format>>>(m, n, k, a, lda, b, bTransposed, c, ldc, accumulate); break;
            default: throw WeightDecoder.Unsupported(b);
        }
    }

    private static void RunBFloat16<TPairs>(int m, int n, int k, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
        where TPairs : struct, IPairDecoder
        => new BFloat16Product<TPairs>
        {
            Tile = BFloat16Tile.Current,
            M = m,
            N = n,
            K = k,
            A = a,
            Lda = lda,
            B = b,
            BTransposed = bTransposed,
            C = c,
            Ldc = ldc,
            Accumulate = accumulate,
        }.Run();
}
