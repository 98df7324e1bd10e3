using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c> for a few rows of A: B streams through once, each worker its own columns of it.</summary>
/// <remarks>Sums are kept in cache, some columns at a time, while rows of B are added eight by eight; bits are those of <see cref="Gemm.Multiply"/>.</remarks>
/// <typeparam name="TKernel">The inner loops.</typeparam>
/// <typeparam name="TSource">The storage format of B.</typeparam>
internal static unsafe class SmallColumnProduct<TKernel, TSource>
    where TKernel : struct, ISmallKernel
    where TSource : struct, IVectorSource
{
    private const int RowsAtOnce = 8;
    private const int ColumnsAtOnce = 2048;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(in SmallProduct product, int start, int end)
    {
        (int m, int k) = (product.M, product.B.Rows);
        float* sums = ThreadScratch.GetSingles(Gemm.ScratchSlot, (long)m * ColumnsAtOnce);
        for (int column = start; column < end; column += ColumnsAtOnce)
        {
            int count = Math.Min(ColumnsAtOnce, end - column);
            for (int p = 0; p < k; p += GemmTile.Depth)
            {
                new Span<float>(sums, m * ColumnsAtOnce).Clear();
                SumBlock(product, column, count, p, Math.Min(p + GemmTile.Depth, k), sums);
                for (int i = 0; i < m; i++)
                {
                    float* c = product.C + (i * product.Ldc) + column;
                    float* row = sums + ((nint)i * ColumnsAtOnce);
                    if (product.Accumulate || p > 0)
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
    private static void SumBlock(in SmallProduct product, int column, int count, int first, int end, float* sums)
    {
        nint rowBytes = (nint)product.B.Columns * TSource.ElementBytes;
        int p = first;
        for (; p < end; p += RowsAtOnce)
        {
            byte* b = (byte*)product.B.Data + (p * rowBytes) + ((nint)column * TSource.ElementBytes);
            int rows = Math.Min(RowsAtOnce, end - p);
            for (int i = 0; i < product.M; i++)
            {
                float* a = product.A + (i * product.Lda) + p;
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
