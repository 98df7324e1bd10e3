using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A: B streams through once, each worker its own rows of it.</summary>
/// <typeparam name="TKernel">The inner loops.</typeparam>
/// <typeparam name="TSource">The storage format of B.</typeparam>
internal unsafe struct SmallRowProduct<TKernel, TSource> : IParallelJob
    where TKernel : struct, ISmallKernel
    where TSource : struct, IVectorSource
{
    private const int Chunk = 64;

    public int M;
    public float* A;
    public long Lda, Ldc;
    public WeightView B;
    public float* C;
    public bool Accumulate;
    private int _parts;

    public void Run()
    {
        _parts = GemmPartition.Choose(1, B.Rows, B.Columns, WorkerPool.Shared.WorkerCount, 1).Parts;
        WorkerPool.Shared.Run(_parts, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        int start = (int)((long)B.Rows * part / _parts);
        int end = (int)((long)B.Rows * (part + 1) / _parts);
        int k = B.Columns;
        int tail = k % Chunk;
        float* aTail = ThreadScratch.GetSingles(Gemm.ScratchSlot, ((long)M + 1) * Chunk);
        float* bTail = aTail + ((nint)M * Chunk);
        new Span<float>(aTail, (M + 1) * Chunk).Clear();
        for (int i = 0; i < M; i++)
        {
            new ReadOnlySpan<float>(A + (i * Lda) + (k - tail), tail).CopyTo(new Span<float>(aTail + ((nint)i * Chunk), tail));
        }

        float* result = stackalloc float[TKernel.MaxBatch];
        nint rowBytes = (nint)k * TSource.ElementBytes;
        for (int j = start; j < end; j++)
        {
            byte* row = (byte*)B.Data + (j * rowBytes);
            for (int p = 0; p < tail; p++)
            {
                bTail[p] = TSource.Load(row, k - tail + p);
            }

            int batch = TKernel.MaxBatch;
            for (int i = 0; i < M; i += batch)
            {
                while (batch > M - i)
                {
                    batch /= 2;
                }

                TKernel.Dot<TSource>(batch, A + (i * Lda), (nint)Lda, row, k / Chunk, aTail + ((nint)i * Chunk), tail > 0 ? bTail : null, result);
                for (int r = 0; r < batch; r++)
                {
                    float* c = C + ((i + r) * Ldc) + j;
                    *c = Accumulate ? *c + result[r] : result[r];
                }
            }
        }
    }
}
