using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c> for a few rows of A: B streams through once, each worker its own columns of it.</summary>
/// <remarks>Sums are kept in cache, some columns at a time, while rows of B are added eight by eight; bits are those of <see cref="Gemm.Multiply"/>.</remarks>
/// <typeparam name="TKernel">The inner loops.</typeparam>
/// <typeparam name="TSource">The storage format of B.</typeparam>
internal unsafe struct SmallColumnProduct<TKernel, TSource> : IParallelJob
    where TKernel : struct, ISmallKernel
    where TSource : struct, IVectorSource
{
    private const int RowsAtOnce = 8;
    private const int ColumnsAtOnce = 2048;
    private const int ColumnUnit = 64;

    public int M;
    public float* A;
    public long Lda, Ldc;
    public WeightView B;
    public float* C;
    public bool Accumulate;
    private int _parts;

    public void Run()
    {
        _parts = GemmPartition.Choose(1, B.Columns, B.Rows, WorkerPool.Shared.WorkerCount, ColumnUnit).Parts;
        WorkerPool.Shared.Run(_parts, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        (_, _, int start, int end) = new GemmPartition(_parts, 1).Range(part, 1, B.Columns, ColumnUnit);
        float* sums = ThreadScratch.GetSingles(Gemm.ScratchSlot, (long)M * ColumnsAtOnce);
        for (int column = start; column < end; column += ColumnsAtOnce)
        {
            int count = Math.Min(ColumnsAtOnce, end - column);
            for (int p = 0; p < B.Rows; p += GemmTile.Depth)
            {
                new Span<float>(sums, M * ColumnsAtOnce).Clear();
                SumBlock(column, count, p, Math.Min(p + GemmTile.Depth, B.Rows), sums);
                for (int i = 0; i < M; i++)
                {
                    float* c = C + (i * Ldc) + column;
                    float* row = sums + ((nint)i * ColumnsAtOnce);
                    if (Accumulate || p > 0)
                    {
                        ShortRow.Add(row, 0, count, 1, c, 0);
                    }
                    else
                    {
                        new ReadOnlySpan<float>(row, count).CopyTo(new Span<float>(c, count));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void SumBlock(int column, int count, int first, int end, float* sums)
    {
        nint rowBytes = (nint)B.Columns * TSource.ElementBytes;
        int p = first;
        for (; p < end; p += RowsAtOnce)
        {
            byte* b = (byte*)B.Data + (p * rowBytes) + ((nint)column * TSource.ElementBytes);
            int rows = Math.Min(RowsAtOnce, end - p);
            for (int i = 0; i < M; i++)
            {
                float* a = A + (i * Lda) + p;
                float* row = sums + ((nint)i * ColumnsAtOnce);
                int done = rows == RowsAtOnce ? TKernel.AddRows<TSource>(a, b, rowBytes, count, row) : 0;
                for (int j = done; j < count; j++)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        row[j] = MathF.FusedMultiplyAdd(a[r], TSource.Load(b + (r * rowBytes), j), row[j]);
                    }
                }
            }
        }
    }
}
