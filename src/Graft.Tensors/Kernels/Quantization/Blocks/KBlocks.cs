using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary><c>d s q - m t</c> with 2-bit q; 4-bit s and t for 16 elements. 16 bytes of scales, 64 of codes, fp16 d, fp16 m.</summary>
internal unsafe struct Q2_K : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 84;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        (float d, float m) = (HalfBits.Read(block + 80), HalfBits.Read(block + 82));
        byte* codes = block + 16 + (32 * (group / 4));
        for (int j = 0; j < 32; j++)
        {
            int scale = block[(2 * group) + (j / 16)];
            destination[j] = (d * (scale & 15) * ((codes[j] >> (2 * (group % 4))) & 3)) - (m * (scale >> 4));
        }
    }
}

/// <summary><c>d (s - 32) q</c> with 3-bit q from -4; 6-bit s for 16 elements. 32 bytes of high bits, 64 of low ones, 12 of scales, fp16 d.</summary>
internal unsafe struct Q3_K : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 110;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        float d = HalfBits.Read(block + 108);
        byte* codes = block + 32 + (32 * (group / 4));
        for (int half = 0; half < 2; half++)
        {
            float scale = d * (Scale(block + 96, (2 * group) + half) - 32);
            for (int j = 16 * half; j < 16 * (half + 1); j++)
            {
                int low = (codes[j] >> (2 * (group % 4))) & 3;
                int high = (block[j] >> group) & 1;
                destination[j] = scale * (low - (high == 0 ? 4 : 0));
            }
        }
    }

    /// <summary>The i-th of 16 scales: four bits from one of 8 bytes, two from one of the 4 after them.</summary>
    private static int Scale(byte* scales, int i)
        => ((scales[i % 8] >> (4 * (i / 8))) & 15) | (((scales[8 + (i % 4)] >> (2 * (i / 4))) & 3) << 4);
}

/// <summary><c>d s q - m t</c> with 4-bit q; 6-bit s and t for 32 elements. fp16 d, fp16 m, 12 bytes of scales, 128 of codes.</summary>
internal unsafe struct Q4_K : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 144;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 7;

    /// <inheritdoc/>
    public static bool HasMinimum => true;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q4_K>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes)
    {
        byte* packed = block + 16 + (32 * (group / 2));
        for (int j = 0; j < 32; j++)
        {
            codes[j] = (short)((packed[j] >> (4 * (group % 2))) & 15);
        }
    }

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run)
    {
        byte* packed = block + 4;
        (int scale, int minimum) = run < 4
            ? (packed[run] & 63, packed[run + 4] & 63)
            : ((packed[run + 4] & 15) | ((packed[run - 4] >> 6) << 4), (packed[run + 4] >> 4) | ((packed[run] >> 6) << 4));
        return (HalfBits.Read(block) * scale, -(HalfBits.Read(block + 2) * minimum));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
    {
        byte* packed = block + 16 + (32 * (group / 2));
        Vector256<short> low = Avx2.ConvertToVector256Int16(packed), high = Avx2.ConvertToVector256Int16(packed + 16);
        first = group % 2 == 0 ? low & Vector256.Create((short)15) : low >>> 4;
        second = group % 2 == 0 ? high & Vector256.Create((short)15) : high >>> 4;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        // 6-bit numbers: the first four of scales and minima lie in two words; the others' low bits in the third, high bits on top of the first two.
        (uint low, uint lowMinima, uint rest) = (((uint*)block)[1], ((uint*)block)[2], ((uint*)block)[3]);
        ulong scaleBytes = (low & 0x3F3F3F3F) | ((ulong)((rest & 0x0F0F0F0F) | ((low >> 2) & 0x30303030)) << 32);
        ulong minimumBytes = (lowMinima & 0x3F3F3F3F) | ((ulong)(((rest >> 4) & 0x0F0F0F0F) | ((lowMinima >> 2) & 0x30303030)) << 32);
        scales = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Vector128.CreateScalar(scaleBytes).AsByte())) * Vector256.Create(HalfBits.Read(block));
        minima = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Vector128.CreateScalar(minimumBytes).AsByte())) * Vector256.Create(-HalfBits.Read(block + 2));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare(byte* block, float* prepared)
    {
        Scales8(block, 0, 8, out Vector256<float> scales, out Vector256<float> minima);
        scales.Store(prepared);
        minima.Store(prepared + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        byte* codes = block + 16 + (32 * (group / 2));
        int shift = 4 * (group % 2);
        NibblePairs.Scale(prepared[group], prepared[8 + group], Codes(codes, shift), Codes(codes + 8, shift), Codes(codes + 16, shift), Codes(codes + 24, shift), out a, out b, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Codes(byte* codes, int shift)
        => Avx.ConvertToVector256Single((Avx2.ConvertToVector256Int32(codes) >>> shift) & Vector256.Create(15));
}

/// <summary>As <see cref="Q4_K"/> with 5-bit q; 32 bytes of fifth bits come before the codes.</summary>
internal unsafe struct Q5_K : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 176;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 6;

    /// <inheritdoc/>
    public static bool HasMinimum => true;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q5_K>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes)
    {
        byte* packed = block + 48 + (32 * (group / 2));
        for (int j = 0; j < 32; j++)
        {
            codes[j] = (short)(((packed[j] >> (4 * (group % 2))) & 15) | (((block[16 + j] >> group) & 1) << 4));
        }
    }

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => Q4_K.Scale(block, run);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
    {
        byte* packed = block + 48 + (32 * (group / 2));
        Vector256<byte> low = Vector256.Load(packed), fifth = Vector256.Load(block + 16);
        low = group % 2 == 0 ? low & Vector256.Create((byte)15) : (low.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);
        fifth = group <= 4 ? (fifth.AsUInt16() << (4 - group)).AsByte() : (fifth.AsUInt16() >>> (group - 4)).AsByte();
        Vector256<byte> codes = low | (fifth & Vector256.Create((byte)16));
        first = Avx2.ConvertToVector256Int16(codes.GetLower());
        second = Avx2.ConvertToVector256Int16(codes.GetUpper());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
        => Q4_K.Scales8(block, part, count, out scales, out minima);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare(byte* block, float* prepared) => Q4_K.Prepare(block, prepared);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        byte* codes = block + 48 + (32 * (group / 2));
        NibblePairs.Scale(
            prepared[group], prepared[8 + group], Codes(codes, block + 16, group), Codes(codes + 8, block + 24, group), Codes(codes + 16, block + 32, group), Codes(codes + 24, block + 40, group),
            out a, out b, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Codes(byte* codes, byte* fifth, int group)
    {
        Vector256<int> low = (Avx2.ConvertToVector256Int32(codes) >>> (4 * (group % 2))) & Vector256.Create(15);
        Vector256<int> high = (Avx2.ConvertToVector256Int32(fifth) >>> group) & Vector256<int>.One;
        return Avx.ConvertToVector256Single(low | (high << 4));
    }
}

/// <summary><c>d s (q - 32)</c> with 6-bit q; signed bytes s for 16 elements. 128 bytes of low bits, 64 of high ones, 16 of scales, fp16 d.</summary>
internal unsafe struct Q6_K : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 210;

    /// <inheritdoc/>
    public static int RunElements => 16;

    /// <inheritdoc/>
    public static int LowBits => 6;

    /// <inheritdoc/>
    public static int Offset => 32;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q6_K>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes)
    {
        byte* low = block + LowOffset(group), high = block + HighOffset(group);
        for (int j = 0; j < 32; j++)
        {
            codes[j] = (short)(((low[j] >> (4 * (group / 2 % 2))) & 15) | (((high[j] >> (2 * (group % 4))) & 3) << 4));
        }
    }

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block + 208) * ((sbyte*)block)[192 + run], 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
    {
        Vector256<byte> low = Vector256.Load(block + (64 * part) + (32 * (group % 2))), high = Vector256.Load(block + 128 + (32 * part));
        low = group / 2 == 0 ? low & Vector256.Create((byte)15) : (low.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);
        high = group <= 2 ? (high.AsUInt16() << (4 - (2 * group))).AsByte() : (high.AsUInt16() >>> 2).AsByte();
        Vector256<byte> codes = low | (high & Vector256.Create((byte)0x30));
        first = Avx2.ConvertToVector256Int16(codes.GetLower());
        second = Avx2.ConvertToVector256Int16(codes.GetUpper());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)block + 192 + (8 * part))) * Vector256.Create(HalfBits.Read(block + 208));
        minima = Vector256<float>.Zero;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare(byte* block, float* prepared)
    {
        Scales8(block, 0, 8, out Vector256<float> first, out _);
        Scales8(block, 1, 8, out Vector256<float> second, out _);
        first.Store(prepared);
        second.Store(prepared + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<float> first = Vector256.Create(prepared[2 * group]), second = Vector256.Create(prepared[(2 * group) + 1]);
        byte* low = block + LowOffset(group), high = block + HighOffset(group);
        (int lowShift, int highShift) = (4 * (group / 2 % 2), 2 * (group % 4));
        a = first * Values(low, high, lowShift, highShift);
        b = first * Values(low + 8, high + 8, lowShift, highShift);
        c = second * Values(low + 16, high + 16, lowShift, highShift);
        d = second * Values(low + 24, high + 24, lowShift, highShift);
    }

    /// <summary>Of each half of the block: two groups in the lower halves of 64 bytes, two in the upper ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LowOffset(int group) => (64 * (group / 4)) + (32 * (group % 2));

    /// <summary>The high bits of four groups share 32 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HighOffset(int group) => 128 + (32 * (group / 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Values(byte* low, byte* high, int lowShift, int highShift)
    {
        Vector256<int> four = (Avx2.ConvertToVector256Int32(low) >>> lowShift) & Vector256.Create(15);
        Vector256<int> two = (Avx2.ConvertToVector256Int32(high) >>> highShift) & Vector256.Create(3);
        return Avx.ConvertToVector256Single((four | (two << 4)) - Vector256.Create(32));
    }
}

/// <summary><c>d q</c> with signed bytes and an fp32 d, then sums that are not needed here; made for activations.</summary>
internal unsafe struct Q8_K : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 292;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        float d = *(float*)block;
        for (int j = 0; j < 32; j++)
        {
            destination[j] = d * (sbyte)block[4 + (32 * group) + j];
        }
    }
}
