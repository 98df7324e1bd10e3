using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A and blocks that AVX2 decodes in registers: B is read once and never stored.</summary>
/// <remarks>Bits are those of <see cref="SmallRowProduct{TKernel, TSource}"/> on the decoded values: term p goes to partial sum p mod 16.</remarks>
/// <typeparam name="TLayout">The blocks.</typeparam>
internal unsafe struct BlockRowProduct<TLayout> : IParallelJob
    where TLayout : struct, IBlockFormat
{
    private const int Group = 32;
    private const int Batch = 4;
    private const int PreparedFloats = 16;

    public int M, Rows, Columns;
    public float* A, C;
    public long Lda, Ldc;
    public BlockMatrix B;
    public int FirstRow;
    public bool Accumulate;
    private int _parts;

    public void Run()
    {
        _parts = GemmPartition.Choose(1, Rows, Columns, WorkerPool.Shared.WorkerCount, 1).Parts;
        WorkerPool.Shared.Run(_parts, ref this);
    }

    public readonly void Execute(int part)
    {
        int start = (int)((long)Rows * part / _parts);
        int end = (int)((long)Rows * (part + 1) / _parts);
        int blocks = Columns / TLayout.Elements;
        float* sums = stackalloc float[Batch];
        for (int row = start; row < end; row += 2)
        {
            byte* first = B.Address(FirstRow + row, 0);
            byte* second = row + 1 < end ? B.Address(FirstRow + row + 1, 0) : first;
            int i = 0;
            for (; i + Batch <= M; i += Batch)
            {
                FourOfA(A + (i * Lda), (nint)Lda, first, blocks, sums);
                Store(i, row, sums, Batch);
                if (row + 1 < end)
                {
                    FourOfA(A + (i * Lda), (nint)Lda, second, blocks, sums);
                    Store(i, row + 1, sums, Batch);
                }
            }

            for (; i < M; i++)
            {
                TwoOfB(A + (i * Lda), first, second, blocks, sums);
                Store(i, row, sums, 1);
                if (row + 1 < end)
                {
                    Store(i, row + 1, sums + 1, 1);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Store(int i, int row, float* sums, int count)
    {
        for (int r = 0; r < count; r++)
        {
            float* c = C + ((i + r) * Ldc) + row;
            *c = Accumulate ? *c + sums[r] : sums[r];
        }
    }

    /// <summary>One row of A with two of B: their sums are independent, which hides the latency of the multiplications.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoOfB(float* a, byte* b0, byte* b1, int blocks, float* sums)
    {
        float* prepared = stackalloc float[2 * PreparedFloats];
        Vector256<float> s00 = Vector256<float>.Zero, s01 = s00, s10 = s00, s11 = s00;
        for (; blocks > 0; blocks--, b0 += TLayout.Bytes, b1 += TLayout.Bytes)
        {
            TLayout.Prepare(b0, prepared);
            TLayout.Prepare(b1, prepared + PreparedFloats);
            for (int group = 0; group < TLayout.Elements / Group; group++, a += Group)
            {
                Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + 8), a2 = Vector256.Load(a + 16), a3 = Vector256.Load(a + 24);
                TLayout.Decode32(b0, group, prepared, out Vector256<float> x0, out Vector256<float> x1, out Vector256<float> x2, out Vector256<float> x3);
                s00 = Fma.MultiplyAdd(a2, x2, Fma.MultiplyAdd(a0, x0, s00));
                s01 = Fma.MultiplyAdd(a3, x3, Fma.MultiplyAdd(a1, x1, s01));
                TLayout.Decode32(b1, group, prepared + PreparedFloats, out x0, out x1, out x2, out x3);
                s10 = Fma.MultiplyAdd(a2, x2, Fma.MultiplyAdd(a0, x0, s10));
                s11 = Fma.MultiplyAdd(a3, x3, Fma.MultiplyAdd(a1, x1, s11));
            }
        }

        sums[0] = Fold(s00, s01);
        sums[1] = Fold(s10, s11);
    }

    /// <summary>Four rows of A with one of B, which is decoded once for them.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourOfA(float* a, nint lda, byte* b, int blocks, float* sums)
    {
        float* a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
        Vector256<float> s00 = Vector256<float>.Zero, s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
        float* prepared = stackalloc float[PreparedFloats];
        nint p = 0;
        for (; blocks > 0; blocks--, b += TLayout.Bytes)
        {
            TLayout.Prepare(b, prepared);
            for (int group = 0; group < TLayout.Elements / Group; group++, p += Group)
            {
                TLayout.Decode32(b, group, prepared, out Vector256<float> x0, out Vector256<float> x1, out Vector256<float> x2, out Vector256<float> x3);
                s00 = Fma.MultiplyAdd(Vector256.Load(a + p + 16), x2, Fma.MultiplyAdd(Vector256.Load(a + p), x0, s00));
                s01 = Fma.MultiplyAdd(Vector256.Load(a + p + 24), x3, Fma.MultiplyAdd(Vector256.Load(a + p + 8), x1, s01));
                s10 = Fma.MultiplyAdd(Vector256.Load(a1 + p + 16), x2, Fma.MultiplyAdd(Vector256.Load(a1 + p), x0, s10));
                s11 = Fma.MultiplyAdd(Vector256.Load(a1 + p + 24), x3, Fma.MultiplyAdd(Vector256.Load(a1 + p + 8), x1, s11));
                s20 = Fma.MultiplyAdd(Vector256.Load(a2 + p + 16), x2, Fma.MultiplyAdd(Vector256.Load(a2 + p), x0, s20));
                s21 = Fma.MultiplyAdd(Vector256.Load(a2 + p + 24), x3, Fma.MultiplyAdd(Vector256.Load(a2 + p + 8), x1, s21));
                s30 = Fma.MultiplyAdd(Vector256.Load(a3 + p + 16), x2, Fma.MultiplyAdd(Vector256.Load(a3 + p), x0, s30));
                s31 = Fma.MultiplyAdd(Vector256.Load(a3 + p + 24), x3, Fma.MultiplyAdd(Vector256.Load(a3 + p + 8), x1, s31));
            }
        }

        sums[0] = Fold(s00, s01);
        sums[1] = Fold(s10, s11);
        sums[2] = Fold(s20, s21);
        sums[3] = Fold(s30, s31);
    }

    /// <summary>Sixteen partial sums to one: the upper half onto the lower, and again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Fold(Vector256<float> low, Vector256<float> high)
    {
        Vector256<float> half = low + high;
        Vector128<float> quarter = half.GetLower() + half.GetUpper();
        return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
    }
}
