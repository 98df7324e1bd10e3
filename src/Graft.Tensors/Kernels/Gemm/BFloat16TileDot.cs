using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>One element of a bf16 matrix product by tiles (AMX) in plain C#: the definition that <c>tdpbf16ps</c> repeats bit by bit.</summary>
/// <remarks>
/// Pairs of k come in steps of up to 16. In a step the even products are summed from +0, and the odd ones apart from them, each by a fused
/// multiply-add; then the sum becomes <c>sum + (even + odd)</c>. Everything is rounded to nearest, ties to even; subnormal numbers, given or computed, are
/// zeros of their sign, as in <see cref="BFloat16Dot"/>. That is Intel's pseudo-code (SDM volume 2, TDPBF16PS): other bits than <c>vdpbf16ps</c>.
/// </remarks>
internal static unsafe class BFloat16TileDot
{
    /// <summary>Pairs of a step.</summary>
    public const int StepPairs = AmxTileKernel.StepGroups;

    private const uint UpperHalf = 0xFFFF0000;

    /// <summary>Adds the products of all pairs, step by step.</summary>
    /// <param name="a">Pairs of A.</param>
    /// <param name="aStride">Units from one to the next.</param>
    /// <param name="b">Pairs of B.</param>
    /// <param name="bStride">Units from one to the next.</param>
    /// <param name="pairs">How many.</param>
    /// <param name="sum">The sum so far.</param>
    public static float Add(uint* a, nint aStride, uint* b, nint bStride, nint pairs, float sum)
    {
        for (nint first = 0; first < pairs; first += StepPairs)
        {
            float even = 0, odd = 0;
            for (nint p = first; p < Math.Min(first + StepPairs, pairs); p++)
            {
                uint left = a[p * aStride], right = b[p * bStride];
                even = BFloat16Dot.MultiplyAdd(Single(left << 16), Single(right << 16), even);
                odd = BFloat16Dot.MultiplyAdd(Single(left & UpperHalf), Single(right & UpperHalf), odd);
            }

            sum = Sum(sum, Sum(even, odd));
        }

        return sum;
    }

    /// <summary>A sum that knows no subnormal numbers.</summary>
    private static float Sum(float x, float y) => BFloat16Dot.MultiplyAdd(1, x, y);

    private static float Single(uint bits) => BitConverter.UInt32BitsToSingle(bits);
}
