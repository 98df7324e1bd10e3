using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A and a quantised B: some rows at a time are decoded into cache.</summary>
/// <remarks>Bits are those of <see cref="SmallRowProduct{TKernel, TSource}"/> on the decoded values.</remarks>
/// <typeparam name="TKernel">The inner loops.</typeparam>
internal unsafe struct QuantizedRowProduct<TKernel> : IParallelJob
    where TKernel : struct, ISmallKernel
{
    private const int RowsAtOnce = BatchRowProduct<TKernel, SingleSource>.RowsAtOnce;
    private const int ScratchSlot = 1;

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

    public readonly void Execute(int part)
    {
        int start = (int)((long)B.Rows * part / _parts);
        int end = (int)((long)B.Rows * (part + 1) / _parts);
        float* decoded = ThreadScratch.GetSingles(ScratchSlot, (long)RowsAtOnce * B.Columns);
        for (int row = start; row < end; row += RowsAtOnce)
        {
            int rows = Math.Min(RowsAtOnce, end - row);
            B.Quantized!.DecodeRows(TKernel.Lanes >= 8, B.FirstRow + row, rows, 0, B.Columns, decoded, B.Columns);
            Gemm.SmallRows<TKernel, SingleSource>(M, A, Lda, new WeightView(decoded, rows, B.Columns), C + row, Ldc, Accumulate);
        }
    }
}
