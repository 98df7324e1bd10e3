using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A and a quantised B: some rows at a time are decoded into cache.</summary>
/// <remarks>Bits are those of <see cref="SmallRowProduct{TKernel, TSource}"/> on the decoded values.</remarks>
/// <typeparam name="TKernel">The inner loops.</typeparam>
internal static unsafe class QuantizedRowProduct<TKernel>
    where TKernel : struct, ISmallKernel
{
    private const int RowsAtOnce = BatchRowProduct<TKernel, SingleSource>.RowsAtOnce;
    private const int ScratchSlot = 1;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    public static void Compute(in SmallProduct product, int start, int end)
    {
        int columns = product.B.Columns;
        float* decoded = ThreadScratch.GetSingles(ScratchSlot, (long)RowsAtOnce * columns);
        SmallProduct some = product;
        for (int row = start; row < end; row += RowsAtOnce)
        {
            int rows = Math.Min(RowsAtOnce, end - row);
            product.B.Quantized!.DecodeRows(TKernel.Lanes >= 8, product.B.FirstRow + row, rows, 0, columns, decoded, columns);
            some.B = new WeightView(decoded, rows, columns);
            some.C = product.C + row;
            some.Columns = rows;
            Gemm.RowsFor<TKernel, SingleSource>(product.M, rows)(some, 0, rows);
        }
    }
}
