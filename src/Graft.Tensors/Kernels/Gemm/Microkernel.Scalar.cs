namespace Graft.Tensors.Kernels;

/// <summary>The microkernel in plain C#: the order of operations that the vector kernels must repeat bit by bit.</summary>
internal unsafe struct MicrokernelScalar : IMicrokernel
{
    /// <inheritdoc/>
    public static int Lanes => 1;

    /// <inheritdoc/>
    public static int MaxRows => 4;

    /// <inheritdoc/>
    public static int MaxVectors => 8;

    /// <inheritdoc/>
    public static int PackedRows => 4;

    /// <inheritdoc/>
    public static bool ReadsRows => true;

    /// <inheritdoc/>
    public static void Run(int rows, int vectors, nint depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate, in PrefetchWalk walk)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < vectors; j++)
            {
                float sum = 0;
                for (nint p = 0; p < depth; p++)
                {
                    sum = MathF.FusedMultiplyAdd(a[(p * aStep) + (i * aRow)], b[(p * bStep) + j], sum);
                }

                float* element = c + (i * ldc) + j;
                *element = accumulate ? *element + sum : sum;
            }
        }
    }

    /// <inheritdoc/>
    public static void RunPacking<TSource>(
        int rows, nint depth, float* a, nint aRow, nint aStep, byte* source, nint sourceStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where TSource : struct, IVectorSource
    {
        for (nint p = 0; p < depth; p++)
        {
            for (int j = 0; j < MaxVectors; j++)
            {
                b[(p * bStep) + j] = TSource.Load(source + (p * sourceStep), j);
            }
        }

        Run(rows, MaxVectors, depth, a, aRow, aStep, b, bStep, c, ldc, accumulate, default);
    }
}
