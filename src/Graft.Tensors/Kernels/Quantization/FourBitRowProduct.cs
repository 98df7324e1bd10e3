using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for one or two rows of A and 4-bit codes of bitsandbytes, which AVX2 decodes in registers: nothing is stored.</summary>
/// <remarks>Bits are those of <see cref="SmallRowProduct{TKernel, TSource}"/> on the decoded values: term p goes to partial sum p mod 16.</remarks>
internal static unsafe class FourBitRowProduct
{
    /// <summary>Rows of A up to which decoding B again for each costs less than storing it.</summary>
    private const int MostRows = 2;

    /// <summary>Whether this product takes the operands: rows of B are whole blocks.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="matrix">B.</param>
    public static bool Suits(int m, FourBitMatrix matrix)
        => InstructionSet.Current >= Isa.Avx2 && m <= MostRows && matrix.Columns % matrix.BlockSize == 0;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    public static void Compute(in SmallProduct product, int start, int end)
    {
        var matrix = (FourBitMatrix)product.B.Quantized!;
        float* sums = stackalloc float[2];
        for (int row = start; row < end; row += 2)
        {
            int next = Math.Min(row + 1, end - 1);
            for (int i = 0; i < product.M; i++)
            {
                TwoDots(product.A + (i * product.Lda), matrix, product.B.FirstRow + row, product.B.FirstRow + next, sums);
                product.Put(i, row, sums[0]);
                if (next > row)
                {
                    product.Put(i, next, sums[1]);
                }
            }
        }
    }

    /// <summary>A row of A with two of B: their sums are independent, which hides the latency of the multiplications.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoDots(float* a, FourBitMatrix matrix, int row, int next, float* sums)
    {
        BlockScales scales = matrix.Scales;
        (int blockSize, int blocks) = (matrix.BlockSize, matrix.Columns / matrix.BlockSize);
        ReadOnlySpan<float> table = CodeTables.Of(matrix.Type);
        Vector256<float> values = Vector256.Create(table), others = Vector256.Create(table[8..]);
        long block = (long)row * blocks, nextBlock = (long)next * blocks;
        byte* b = matrix.Address(row, 0), bNext = matrix.Address(next, 0);
        Vector256<uint> shifts = Vector256.Create(4u, 0, 12, 8, 20, 16, 28, 24);
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, t0 = s0, t1 = s0;
        for (; blocks > 0; blocks--, block++, nextBlock++)
        {
            Vector256<float> factor = Vector256.Create(scales[block]), factorNext = Vector256.Create(scales[nextBlock]);
            Vector256<float> lower = matrix.Rounded(values * factor), upper = matrix.Rounded(others * factor);
            Vector256<float> lowerNext = matrix.Rounded(values * factorNext), upperNext = matrix.Rounded(others * factorNext);
            for (int p = 0; p < blockSize; p += 16, a += 16, b += 8, bNext += 8)
            {
                Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + 8);
                s0 = Fma.MultiplyAdd(a0, Eight(b, shifts, lower, upper), s0);
                t0 = Fma.MultiplyAdd(a0, Eight(bNext, shifts, lowerNext, upperNext), t0);
                s1 = Fma.MultiplyAdd(a1, Eight(b + 4, shifts, lower, upper), s1);
                t1 = Fma.MultiplyAdd(a1, Eight(bNext + 4, shifts, lowerNext, upperNext), t1);
            }
        }

        sums[0] = Fold(s0 + s1);
        sums[1] = Fold(t0 + t1);
    }

    /// <summary>Eight values: the permutation looks at three bits of a code; the fourth, moved to the sign, chooses between the registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(byte* source, Vector256<uint> shifts, Vector256<float> lower, Vector256<float> upper)
    {
        Vector256<int> codes = Avx2.ShiftRightLogicalVariable(Vector256.Create(*(uint*)source), shifts).AsInt32();
        return Avx.BlendVariable(Avx2.PermuteVar8x32(lower, codes), Avx2.PermuteVar8x32(upper, codes), (codes << 28).AsSingle());
    }

    /// <summary>Eight partial sums to one: the upper half onto the lower, and again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Fold(Vector256<float> sums)
    {
        Vector128<float> four = sums.GetLower() + sums.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }
}
