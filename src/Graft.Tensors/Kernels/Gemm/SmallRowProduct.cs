using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A: B streams through once, each worker its own rows of it.</summary>
/// <typeparam name="TKernel">The inner loops.</typeparam>
/// <typeparam name="TSource">The storage format of B.</typeparam>
internal static unsafe class SmallRowProduct<TKernel, TSource>
    where TKernel : struct, ISmallKernel
    where TSource : struct, IVectorSource
{
    private const int Chunk = 16;
    private const int RowsAtOnce = 4;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(in SmallProduct product, int start, int end)
    {
        int m = product.M;
        float* a = product.A;
        long lda = product.Lda;
        int k = product.B.Columns;
        int tail = k % Chunk;
        int whole = k - tail;
        float* aTail = ThreadScratch.GetSingles(Gemm.ScratchSlot, (((long)m + RowsAtOnce) * Chunk) + ((long)m * whole));
        var operands = new Operands { A = a, Lda = (nint)lda, ATail = aTail, BTail = aTail + ((nint)m * Chunk), Tail = tail };
        new Span<float>(aTail, (m + RowsAtOnce) * Chunk).Clear();
        for (int i = 0; i < m; i++)
        {
            for (int p = 0; p < tail; p++)
            {
                aTail[(i * Chunk) + Place(p)] = a[(i * lda) + whole + p];
            }
        }

        if (TKernel.Splits<TSource>())
        {
            operands.A = operands.BTail + (RowsAtOnce * Chunk);
            operands.Lda = whole;
            for (int i = 0; i < m; i++)
            {
                EvenOdd.Split(a + (i * lda), operands.A + ((nint)i * whole), whole / Chunk);
            }
        }

        for (int j = start; j < end;)
        {
            int rows = end - j >= RowsAtOnce ? RowsAtOnce : 1;
            Rows(product, j, rows, operands);
            j += rows;
        }
    }

    private static int Place(int index) => TKernel.Splits<TSource>() ? EvenOdd.Place(index) : index;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(in SmallProduct product, int j, int rows, in Operands operands)
    {
        int k = product.B.Columns;
        nint rowBytes = (nint)k * TSource.ElementBytes;
        byte* b = (byte*)product.B.Data + (j * rowBytes);
        for (int row = 0; row < rows; row++)
        {
            for (int p = 0; p < operands.Tail; p++)
            {
                operands.BTail[(row * Chunk) + Place(p)] = TSource.Load(b + (row * rowBytes), k - operands.Tail + p);
            }
        }

        for (int i = 0; i < product.M;)
        {
            (int batch, int most) = TKernel.Tile(product.M - i);
            int step = Math.Min(rows, most);
            for (int row = 0; row < rows; row += step)
            {
                TKernel.Dot<TSource>(
                    batch, step, operands.A + (i * operands.Lda), operands.Lda, b + (row * rowBytes), rowBytes, k / Chunk,
                    operands.ATail + ((nint)i * Chunk), operands.Tail > 0 ? operands.BTail + (row * Chunk) : null, product.C + (i * product.Ldc) + j + row, (nint)product.Ldc, product.Accumulate);
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
