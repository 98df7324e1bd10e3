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
        int whole = k - tail;
        float* aTail = ThreadScratch.GetSingles(Gemm.ScratchSlot, (((long)M + RowsAtOnce) * Chunk) + ((long)M * whole));
        var operands = new Operands { A = A, Lda = (nint)Lda, ATail = aTail, BTail = aTail + ((nint)M * Chunk), Tail = tail };
        new Span<float>(aTail, (M + RowsAtOnce) * Chunk).Clear();
        for (int i = 0; i < M; i++)
        {
            for (int p = 0; p < tail; p++)
            {
                aTail[(i * Chunk) + Place(p)] = A[(i * Lda) + whole + p];
            }
        }

        if (TKernel.Splits<TSource>())
        {
            operands.A = operands.BTail + (RowsAtOnce * Chunk);
            operands.Lda = whole;
            for (int i = 0; i < M; i++)
            {
                EvenOdd.Split(A + (i * Lda), operands.A + ((nint)i * whole), whole / Chunk);
            }
        }

        for (int j = start; j < end;)
        {
            int rows = end - j >= RowsAtOnce ? RowsAtOnce : 1;
            Rows(j, rows, operands);
            j += rows;
        }
    }

    private static int Place(int index) => TKernel.Splits<TSource>() ? EvenOdd.Place(index) : index;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Rows(int j, int rows, in Operands operands)
    {
        int k = B.Columns;
        nint rowBytes = (nint)k * TSource.ElementBytes;
        byte* b = (byte*)B.Data + (j * rowBytes);
        for (int row = 0; row < rows; row++)
        {
            for (int p = 0; p < operands.Tail; p++)
            {
                operands.BTail[(row * Chunk) + Place(p)] = TSource.Load(b + (row * rowBytes), k - operands.Tail + p);
            }
        }

        for (int i = 0; i < M;)
        {
            (int batch, int most) = TKernel.Tile(M - i);
            int step = Math.Min(rows, most);
            for (int row = 0; row < rows; row += step)
            {
                TKernel.Dot<TSource>(
                    batch, step, operands.A + (i * operands.Lda), operands.Lda, b + (row * rowBytes), rowBytes, k / Chunk,
                    operands.ATail + ((nint)i * Chunk), operands.Tail > 0 ? operands.BTail + (row * Chunk) : null, C + (i * Ldc) + j + row, (nint)Ldc, Accumulate);
            }

            i += batch;
        }
    }

    /// <summary>A as the kernel wants it, and the terms at the end that fill no chunk.</summary>
    private struct Operands
    {
        public float* A, ATail, BTail;
        public nint Lda;
        public int Tail;
    }
}
