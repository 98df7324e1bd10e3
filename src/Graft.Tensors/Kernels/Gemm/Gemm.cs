using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Dense matrix products in fp32 with weights decoded on the fly.</summary>
/// <remarks>
/// Every element of the result is a sum over k in ascending order (one fused multiply-add a step within a block of k, blocks added
/// in order), whatever the number of rows, threads or the instruction set. So a row's result does not depend on the batch it is in.
/// </remarks>
public static unsafe partial class Gemm
{
    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c>: the forward pass of a linear layer, B its weight [out, in].</summary>
    /// <param name="m">Rows of A and C (tokens).</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with n rows and k columns.</param>
    /// <param name="c">C, fp32.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    public static void MultiplyTransposed(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        var job = new ReferenceJob { M = m, N = b.Rows, K = b.Columns, A = a, Lda = lda, AStep = 1, B = b, BTransposed = true, C = c, Ldc = ldc, Accumulate = accumulate };
        WorkerPool.Shared.Run(m, ref job);
    }

    /// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c>: the input gradient of a linear layer, or a Conv1D's forward pass.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with k rows and n columns.</param>
    /// <param name="c">C, fp32.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    public static void Multiply(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        var job = new ReferenceJob { M = m, N = b.Columns, K = b.Rows, A = a, Lda = lda, AStep = 1, B = b, BTransposed = false, C = c, Ldc = ldc, Accumulate = accumulate };
        WorkerPool.Shared.Run(m, ref job);
    }

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
    /// Start of each sequence and the end of the last. Each sequence's product is formed from zero and then added to C, in order:
    /// a batch gives the same bits as its sequences one after the other.
    /// </param>
    public static void AccumulateTransposed(int m, int n, float* a, long lda, float* b, long ldb, float* c, long ldc, ReadOnlySpan<int> sequenceOffsets)
    {
        for (int s = 0; s + 1 < sequenceOffsets.Length; s++)
        {
            int start = sequenceOffsets[s];
            int k = sequenceOffsets[s + 1] - start;
            var job = new ReferenceJob
            {
                M = m, N = n, K = k, A = a + (start * lda), Lda = 1, AStep = lda,
                B = new WeightView((nint)(b + (start * ldb)), DType.Float32, k, (int)ldb), C = c, Ldc = ldc, Accumulate = true,
            };
            WorkerPool.Shared.Run(m, ref job);
        }
    }

    private struct ReferenceJob : IParallelJob
    {
        public int M, N, K;
        public float* A;
        public long Lda, AStep, Ldc;
        public WeightView B;
        public bool BTransposed, Accumulate;
        public float* C;

        public readonly void Execute(int part)
        {
            for (int j = 0; j < N; j++)
            {
                float sum = 0;
                for (int p = 0; p < K; p++)
                {
                    long index = BTransposed ? ((long)j * B.Columns) + p : ((long)p * B.Columns) + j;
                    sum = MathF.FusedMultiplyAdd(A[(part * Lda) + (p * AStep)], WeightDecoder.Read(B, index), sum);
                }

                float* c = C + (part * Ldc) + j;
                *c = Accumulate ? *c + sum : sum;
            }
        }
    }
}
