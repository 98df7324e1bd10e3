namespace Graft.Tensors.Kernels;

/// <summary>Products of a few rows in plain C#: the order of operations that the vector kernels repeat bit by bit.</summary>
internal unsafe struct SmallKernelScalar : ISmallKernel
{
    private const int Chunk = 16;

    /// <inheritdoc/>
    public static int Lanes => 1;

    /// <inheritdoc/>
    public static bool Splits<TSource>()
        where TSource : struct, IVectorSource
        => false;

    /// <inheritdoc/>
    public static (int Batch, int Rows) Tile(int batch) => (1, 4);

    /// <inheritdoc/>
    /// <remarks>
    /// Term p goes to partial sum p mod 16, each from zero by fused multiply-adds in ascending order. Of the 16 the upper half is
    /// added to the lower, and again, down to one.
    /// </remarks>
    public static void Dot<TSource>(int batch, int rows, float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* aTail, float* bTail, float* c, nint ldc, bool accumulate)
        where TSource : struct, IVectorSource
    {
        float* sums = stackalloc float[Chunk];
        for (int row = 0; row < rows; row++, b += rowBytes)
        {
            new Span<float>(sums, Chunk).Clear();
            for (nint index = 0; index < chunks * Chunk; index++)
            {
                ref float sum = ref sums[index % Chunk];
                sum = MathF.FusedMultiplyAdd(a[index], TSource.Load(b, index), sum);
            }

            for (int lane = 0; lane < Chunk && bTail != null; lane++)
            {
                sums[lane] = MathF.FusedMultiplyAdd(aTail[lane], bTail[(row * Chunk) + lane], sums[lane]);
            }

            for (int half = Chunk / 2; half > 0; half /= 2)
            {
                for (int lane = 0; lane < half; lane++)
                {
                    sums[lane] += sums[lane + half];
                }
            }

            c[row] = accumulate ? c[row] + sums[0] : sums[0];
        }
    }

    /// <inheritdoc/>
    public static int AddRows<TSource>(float* a, byte* b, nint rowBytes, int count, float* sums)
        where TSource : struct, IVectorSource
    {
        for (int j = 0; j < count; j++)
        {
            float sum = sums[j];
            for (int i = 0; i < 8; i++)
            {
                sum = MathF.FusedMultiplyAdd(a[i], TSource.Load(b + (i * rowBytes), j), sum);
            }

            sums[j] = sum;
        }

        return count;
    }
}
