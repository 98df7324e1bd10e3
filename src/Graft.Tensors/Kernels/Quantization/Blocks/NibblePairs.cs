using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>32 codes in 16 bytes: element j in the lower half of byte j, element j + 16 in the upper.</summary>
internal static unsafe class NibblePairs
{
    /// <summary>The codes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* codes, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<int> low = Avx2.ConvertToVector256Int32(codes), high = Avx2.ConvertToVector256Int32(codes + 8);
        Vector256<int> mask = Vector256.Create(15);
        a = Avx.ConvertToVector256Single(low & mask);
        b = Avx.ConvertToVector256Single(high & mask);
        c = Avx.ConvertToVector256Single(low >>> 4);
        d = Avx.ConvertToVector256Single(high >>> 4);
    }

    /// <summary>The codes with a fifth bit each, as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadWithFifth(byte* codes, uint fifth, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<int> low = Avx2.ConvertToVector256Int32(codes), high = Avx2.ConvertToVector256Int32(codes + 8);
        Vector256<int> mask = Vector256.Create(15);
        a = Avx.ConvertToVector256Single((low & mask) | FifthBits(fifth));
        b = Avx.ConvertToVector256Single((high & mask) | FifthBits(fifth >> 8));
        c = Avx.ConvertToVector256Single((low >>> 4) | FifthBits(fifth >> 16));
        d = Avx.ConvertToVector256Single((high >>> 4) | FifthBits(fifth >> 24));
    }

    /// <summary>The codes as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* codes, out Vector256<short> first, out Vector256<short> second)
    {
        Vector256<short> bytes = Avx2.ConvertToVector256Int16(codes);
        first = bytes & Vector256.Create((short)15);
        second = bytes >>> 4;
    }

    /// <summary>The codes with a fifth bit each, as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadWithFifth(byte* codes, uint fifth, out Vector256<short> first, out Vector256<short> second)
    {
        Load(codes, out first, out second);
        first |= FifthBits((ushort)fifth);
        second |= FifthBits((ushort)(fifth >> 16));
    }

    /// <summary>The codes as 16-bit integers, one by one.</summary>
    public static void Load(byte* codes, short* destination)
    {
        for (int j = 0; j < 16; j++)
        {
            destination[j] = (short)(codes[j] & 15);
            destination[j + 16] = (short)(codes[j] >> 4);
        }
    }

    /// <summary>The codes with a fifth bit each, as 16-bit integers, one by one.</summary>
    public static void LoadWithFifth(byte* codes, uint fifth, short* destination)
    {
        Load(codes, destination);
        for (int j = 0; j < 32; j++)
        {
            destination[j] |= (short)(((fifth >> j) & 1) << 4);
        }
    }

    /// <summary><c>scale q + offset</c>, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(
        float scale, float offset, Vector256<float> q0, Vector256<float> q1, Vector256<float> q2, Vector256<float> q3,
        out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<float> factor = Vector256.Create(scale), addend = Vector256.Create(offset);
        a = Fma.MultiplyAdd(factor, q0, addend);
        b = Fma.MultiplyAdd(factor, q1, addend);
        c = Fma.MultiplyAdd(factor, q2, addend);
        d = Fma.MultiplyAdd(factor, q3, addend);
    }

    /// <summary>Writes 5-bit codes: the fifth bits in 32 bits, then the rest.</summary>
    /// <param name="source">32 elements.</param>
    /// <param name="code">The code of an element.</param>
    /// <param name="destination">20 bytes.</param>
    public static void Store(float* source, Func<float, int> code, byte* destination)
    {
        uint fifth = 0;
        for (int j = 0; j < 16; j++)
        {
            (int low, int high) = (code(source[j]), code(source[j + 16]));
            destination[4 + j] = (byte)((low & 15) | ((high & 15) << 4));
            fifth |= ((uint)low >> 4 << j) | ((uint)high >> 4 << (j + 16));
        }

        *(uint*)destination = fifth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> FifthBits(uint bits)
        => (Avx2.ShiftRightLogicalVariable(Vector256.Create((int)bits), Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7)) & Vector256<int>.One) << 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> FifthBits(ushort bits)
    {
        Vector256<short> places = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, short.MinValue);
        return Vector256.Equals(Vector256.Create((short)bits) & places, places) & Vector256.Create((short)16);
    }
}
