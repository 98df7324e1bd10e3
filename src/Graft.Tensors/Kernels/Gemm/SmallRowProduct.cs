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
    private const int Chunk = 16;
    private const int RowsAtOnce = 4;

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
        float* aTail = ThreadScratch.GetSingles(Gemm.ScratchSlot, ((long)M + RowsAtOnce) * Chunk);
        float* bTail = aTail + ((nint)M * Chunk);
        new Span<float>(aTail, (M + RowsAtOnce) * Chunk).Clear();
        if (tail > 0)
        {
            ShortRow.Copy(A + (k - tail), (nint)Lda, tail, M, aTail, Chunk);
        }

        for (int j = start; j < end;)
        {
            int rows = end - j >= RowsAtOnce ? RowsAtOnce : 1;
            Rows(j, rows, tail, aTail, bTail);
            j += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Rows(int j, int rows, int tail, float* aTail, float* bTail)
    {
        int k = B.Columns;
        nint rowBytes = (nint)k * TSource.ElementBytes;
        byte* b = (byte*)B.Data + (j * rowBytes);
        for (int row = 0; row < rows; row++)
        {
            for (int p = 0; p < tail; p++)
            {
                bTail[(row * Chunk) + p] = TSource.Load(b + (row * rowBytes), k - tail + p);
            }
        }

        float* result = stackalloc float[TKernel.MaxBatch * RowsAtOnce];
        int batch = TKernel.MaxBatch;
        for (int i = 0; i < M; i += batch)
        {
            while (batch > M - i)
            {
                batch /= 2;
            }

            TKernel.Dot<TSource>(
                batch, rows, A + (i * Lda), (nint)Lda, b, rowBytes, k / Chunk, aTail + ((nint)i * Chunk), tail > 0 ? bTail : null, result);
            for (int r = 0; r < batch; r++)
            {
                float* c = C + ((i + r) * Ldc) + j;
                for (int row = 0; row < rows; row++)
                {
                    float sum = result[(r * rows) + row];
                    c[row] = Accumulate ? c[row] + sum : sum;
                }
            }
        }
    }
}
