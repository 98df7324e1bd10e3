using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>One lane of a bf16 dot product in plain C#: the definition that every kernel repeats bit by bit.</summary>
/// <remarks>
/// A unit holds two neighbouring k, the even one in the lower half. <c>sum</c> becomes <c>fma(aOdd, bOdd, sum)</c>, then
/// <c>fma(aEven, bEven, sum)</c>, each rounded once, to nearest, ties to even. Subnormal factors and sums count as zeros of their sign, and a
/// result that is subnormal becomes a zero of its sign. Whether it is, is judged after rounding to 24 bits as if exponents had no end, as x86 does. That is
/// <c>vdpbf16ps</c> (Intel SDM volume 2C). NaN stays NaN; which one is not defined.
/// </remarks>
internal static class BFloat16Dot
{
    private const uint SignBit = 0x80000000;
    private const uint UpperHalf = 0xFFFF0000;
    private const uint SmallestNormalBits = 0x00800000;
    private const float SmallestNormal = 1.17549435e-38f; // 2^-126

    /// <summary>2^-126 - 2^-151: what is smaller rounds to something below 2^-126 in 24 bits.</summary>
    private const double SmallestThatRoundsUp = 1.1754943508222875e-38 * (1 - 2.98023223876953125e-8);

    /// <summary>Adds the products of a pair.</summary>
    /// <param name="a">Two bf16.</param>
    /// <param name="b">Two bf16.</param>
    /// <param name="sum">The sum so far.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(uint a, uint b, float sum)
        => MultiplyAdd(BitConverter.UInt32BitsToSingle(a << 16), BitConverter.UInt32BitsToSingle(b << 16), MultiplyAdd(BitConverter.UInt32BitsToSingle(a & UpperHalf), BitConverter.UInt32BitsToSingle(b & UpperHalf), sum));

    /// <summary>One of the two steps: a fused multiply-add that knows no subnormal numbers.</summary>
    /// <param name="x">A bf16.</param>
    /// <param name="y">A bf16.</param>
    /// <param name="sum">The sum so far.</param>
    public static float MultiplyAdd(float x, float y, float sum)
    {
        (x, y, sum) = (Flush(x), Flush(y), Flush(sum));
        float result = MathF.FusedMultiplyAdd(x, y, sum);
        if (MathF.Abs(result) == SmallestNormal && Math.Abs(((double)x * y) + sum) < SmallestThatRoundsUp)
        {
            return MathF.CopySign(0, result);
        }

        return Flush(result);
    }

    private static float Flush(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & ~SignBit) < SmallestNormalBits ? BitConverter.UInt32BitsToSingle(bits & SignBit) : value;
    }
}
