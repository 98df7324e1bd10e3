namespace Graft.Tensors.Kernels;

/// <summary>Dense matrix products in fp32 with weights decoded on the fly.</summary>
/// <remarks>
/// Every element of the result is a sum over k in ascending order: within a block of 192 terms from zero with one fused
/// multiply-add a step, the blocks' sums then added to C one after the other. Neither the number of rows or threads nor the
/// instruction set changes a bit of it. So a row's result does not depend on the batch it is in.
/// </remarks>
public static unsafe partial class Gemm
{
    /// <summary>The slot of <see cref="Memory.ThreadScratch"/> that packed panels live in.</summary>
    internal const int ScratchSlot = 7;

    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c>: the forward pass of a linear layer, B its weight [out, in].</summary>
    /// <param name="m">Rows of A and C (tokens).</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with n rows and k columns.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void MultiplyTransposed(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
        => Dispatch(m, b.Rows, b.Columns, a, lda, b, bTransposed: true, c, ldc, accumulate);

    /// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c>: the input gradient of a linear layer, or a Conv1D's forward pass.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with k rows and n columns.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void Multiply(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
        => Dispatch(m, b.Columns, b.Rows, a, lda, b, bTransposed: false, c, ldc, accumulate);

    /// <summary><c>C[m,n] += A[k,m]ᵀ · B[k,n]</c>: a weight gradient, summed sequence by sequence.</summary>
    /// <param name="m">Columns of A, rows of C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="a">A, fp32, one row a token.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B, fp32, one row a token.</param>
    /// <param name="ldb">Elements from one row of B to the next.</param>
    /// <param name="c">C, fp32; the product is added to it.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="sequenceOffsets">
    /// Start of each sequence and the end of the last. A sequence is cut every 192 tokens from its own start; each piece's
    /// product is formed from zero and then added to C, in order: a batch gives the same bits as its sequences one by one.
    /// </param>
    public static void AccumulateTransposed(int m, int n, float* a, long lda, float* b, long ldb, float* c, long ldc, ReadOnlySpan<int> sequenceOffsets)
    {
        if (m <= 0 || n <= 0 || sequenceOffsets.Length < 2)
        {
            return;
        }

        long tokens = sequenceOffsets[^1] - sequenceOffsets[0];
        OpProfile.Count(2.0 * m * n * tokens, sizeof(float) * ((tokens * (m + n)) + (2.0 * m * n)));
        fixed (int* offsets = sequenceOffsets)
        {
            int sequences = sequenceOffsets.Length - 1;
            switch (InstructionSet.Current)
            {
                case Isa.Avx512:
                    new GradientProduct<MicrokernelAvx512> { M = m, N = n, A = a, Lda = lda, B = b, Ldb = ldb, C = c, Ldc = ldc, Offsets = offsets, Sequences = sequences }.Run();
                    break;
                case Isa.Avx2:
                    new GradientProduct<MicrokernelAvx2> { M = m, N = n, A = a, Lda = lda, B = b, Ldb = ldb, C = c, Ldc = ldc, Offsets = offsets, Sequences = sequences }.Run();
                    break;
                case Isa.Vector128:
                    new GradientProduct<MicrokernelVector128> { M = m, N = n, A = a, Lda = lda, B = b, Ldb = ldb, C = c, Ldc = ldc, Offsets = offsets, Sequences = sequences }.Run();
                    break;
                default:
                    new GradientProduct<MicrokernelScalar> { M = m, N = n, A = a, Lda = lda, B = b, Ldb = ldb, C = c, Ldc = ldc, Offsets = offsets, Sequences = sequences }.Run();
                    break;
            }
        }
    }

    private static void Dispatch(int m, int n, int k, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        Count(m, n, k, b);
        var product = new SingleProduct { M = m, N = n, K = k, A = a, Lda = lda, B = b, BTransposed = bTransposed, C = c, Ldc = ldc, Accumulate = accumulate };
        WeightFormat.Choose(b, ref product);
    }

    private static void Count(double m, double n, double k, in WeightView b)
        => OpProfile.Count(2 * m * n * k, (sizeof(float) * m * (n + k)) + (n * k * b.DType.SizeInBytes()));

    /// <summary>A product in fp32, whatever B is stored as.</summary>
    private struct SingleProduct : IWeightFormatJob
    {
        public int M, N, K;
        public float* A, C;
        public long Lda, Ldc;
        public WeightView B;
        public bool BTransposed, Accumulate;

        public readonly void Run<TDecoder, TPairs>()
            where TDecoder : struct, IPanelDecoder
            where TPairs : struct, IPairDecoder
        {
            switch (InstructionSet.Current)
            {
                case Isa.Avx512: RunOn<MicrokernelAvx512, TDecoder>(); break;
                case Isa.Avx2: RunOn<MicrokernelAvx2, TDecoder>(); break;
                case Isa.Vector128: RunOn<MicrokernelVector128, TDecoder>(); break;
                default: RunOn<MicrokernelScalar, TDecoder>(); break;
            }
        }

        private readonly void RunOn<TKernel, TDecoder>()
            where TKernel : struct, IMicrokernel
            where TDecoder : struct, IPanelDecoder
        {
            if (N <= TKernel.MaxRows && N < TKernel.Lanes && K > 0)
            {
                new NarrowProduct<TKernel, TDecoder> { M = M, N = N, K = K, A = A, Lda = Lda, B = B, BTransposed = BTransposed, C = C, Ldc = Ldc, Accumulate = Accumulate }.Run();
                return;
            }

            new WeightProduct<TKernel, TDecoder> { M = M, N = N, K = K, A = A, Lda = Lda, B = B, BTransposed = BTransposed, C = C, Ldc = Ldc, Accumulate = Accumulate }.Run();
        }
    }
}
