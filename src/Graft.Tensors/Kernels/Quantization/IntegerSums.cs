using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>The sums of eight vectors' lanes in the lanes of one. Integers: in whatever order.</summary>
internal static class IntegerSums
{
    /// <summary>In each half of the register: lanes a, b, a, b that sum up to what the half's lanes of a and b sum up to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Two(Vector256<int> a, Vector256<int> b) => Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b);

    /// <summary>In each half of the register: the half's sums of four vectors, from two results of <see cref="Two"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Four(Vector256<int> ab, Vector256<int> cd)
        => Avx2.UnpackLow(ab.AsInt64(), cd.AsInt64()).AsInt32() + Avx2.UnpackHigh(ab.AsInt64(), cd.AsInt64()).AsInt32();

    /// <summary>The sums of eight vectors, from two results of <see cref="Four"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Eight(Vector256<int> lower, Vector256<int> upper)
        => Avx2.Permute2x128(lower, upper, 0x20) + Avx2.Permute2x128(lower, upper, 0x31);
}
