using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary><c>d (q - 8)</c> with 4-bit q: element j in the lower half of byte j, j + 16 in the upper. fp16 d, 16 bytes.</summary>
internal unsafe struct Q4_0 : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 18;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 7;

    /// <inheritdoc/>
    public static int Offset => 8;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q4_0>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes) => NibblePairs.Load(block + 2, codes);

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block), 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
        => NibblePairs.Load(block + 2, out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = HalfBits.ReadSome(block, Bytes, count);
        minima = Vector256<float>.Zero;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        // d q is exact, so that the fused operation rounds d (q - 8) once.
        float scale = HalfBits.Read(block);
        NibblePairs.Load(block + 2, out Vector256<float> q0, out Vector256<float> q1, out Vector256<float> q2, out Vector256<float> q3);
        NibblePairs.Scale(scale, -8 * scale, q0, q1, q2, q3, out a, out b, out c, out d);
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float d = BlockStatistics.Extreme(source, Elements) / -8;
        double inverse = d == 0 ? 0 : 1 / d;
        *(Half*)block = (Half)d;
        for (int j = 0; j < 16; j++)
        {
            block[2 + j] = (byte)(Code(source[j] * inverse) | (Code(source[j + 16] * inverse) << 4));
        }
    }

    private static int Code(double scaled) => Math.Clamp((int)(float)(scaled + 8.5), 0, 15);
}

/// <summary><c>d q + m</c> with 4-bit q as in <see cref="Q4_0"/>. fp16 d, fp16 m, 16 bytes.</summary>
internal unsafe struct Q4_1 : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 20;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 7;

    /// <inheritdoc/>
    public static bool HasMinimum => true;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q4_1>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes) => NibblePairs.Load(block + 4, codes);

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block), HalfBits.Read(block + 2));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
        => NibblePairs.Load(block + 4, out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = HalfBits.ReadSome(block, Bytes, count);
        minima = HalfBits.ReadSome(block + 2, Bytes, count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        NibblePairs.Load(block + 4, out Vector256<float> q0, out Vector256<float> q1, out Vector256<float> q2, out Vector256<float> q3);
        NibblePairs.Scale(HalfBits.Read(block), HalfBits.Read(block + 2), q0, q1, q2, q3, out a, out b, out c, out d);
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        (float smallest, float largest) = BlockStatistics.Range(source, Elements);
        float d = (largest - smallest) / 15;
        float inverse = d == 0 ? 0 : 1 / d;
        *(Half*)block = (Half)d;
        *(Half*)(block + 2) = (Half)smallest;
        for (int j = 0; j < 16; j++)
        {
            block[4 + j] = (byte)(Code((source[j] - smallest) * inverse) | (Code((source[j + 16] - smallest) * inverse) << 4));
        }
    }

    private static int Code(float scaled) => Math.Clamp((int)(scaled + 0.5f), 0, 15);
}

/// <summary><c>d (q - 16)</c> with 5-bit q: four bits as in <see cref="Q4_0"/>, the fifth bits of all elements in 32 bits before them.</summary>
internal unsafe struct Q5_0 : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 22;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 6;

    /// <inheritdoc/>
    public static int Offset => 16;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q5_0>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes) => NibblePairs.LoadWithFifth(block + 6, *(uint*)(block + 2), codes);

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block), 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
        => NibblePairs.LoadWithFifth(block + 6, *(uint*)(block + 2), out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = HalfBits.ReadSome(block, Bytes, count);
        minima = Vector256<float>.Zero;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        float scale = HalfBits.Read(block);
        NibblePairs.LoadWithFifth(block + 6, *(uint*)(block + 2), out Vector256<float> q0, out Vector256<float> q1, out Vector256<float> q2, out Vector256<float> q3);
        NibblePairs.Scale(scale, -16 * scale, q0, q1, q2, q3, out a, out b, out c, out d);
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float d = BlockStatistics.Extreme(source, Elements) / -16;
        double inverse = d == 0 ? 0 : 1 / d;
        *(Half*)block = (Half)d;
        NibblePairs.Store(source, value => Math.Clamp((int)(float)((value * inverse) + 16.5), 0, 31), block + 2);
    }
}

/// <summary><c>d q + m</c> with 5-bit q as in <see cref="Q5_0"/>.</summary>
internal unsafe struct Q5_1 : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 24;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 6;

    /// <inheritdoc/>
    public static bool HasMinimum => true;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q5_1>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes) => NibblePairs.LoadWithFifth(block + 8, *(uint*)(block + 4), codes);

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block), HalfBits.Read(block + 2));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
        => NibblePairs.LoadWithFifth(block + 8, *(uint*)(block + 4), out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = HalfBits.ReadSome(block, Bytes, count);
        minima = HalfBits.ReadSome(block + 2, Bytes, count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        NibblePairs.LoadWithFifth(block + 8, *(uint*)(block + 4), out Vector256<float> q0, out Vector256<float> q1, out Vector256<float> q2, out Vector256<float> q3);
        NibblePairs.Scale(HalfBits.Read(block), HalfBits.Read(block + 2), q0, q1, q2, q3, out a, out b, out c, out d);
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        (float smallest, float largest) = BlockStatistics.Range(source, Elements);
        float d = (largest - smallest) / 31;
        float inverse = d == 0 ? 0 : 1 / d;
        *(Half*)block = (Half)d;
        *(Half*)(block + 2) = (Half)smallest;
        NibblePairs.Store(source, value => Math.Clamp((int)(((value - smallest) * inverse) + 0.5f), 0, 31), block + 4);
    }
}

/// <summary><c>d q</c> with signed bytes. fp16 d, 32 bytes.</summary>
internal unsafe struct Q8_0 : IIntegerBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 34;

    /// <inheritdoc/>
    public static int RunElements => 32;

    /// <inheritdoc/>
    public static int LowBits => 4;

    /// <inheritdoc/>
    public static bool HasVectors => true;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IntegerBlocks.Decode<Q8_0>(block, group, destination);

    /// <inheritdoc/>
    public static void Codes(byte* block, int group, short* codes) => SignedBytes.Load(block + 2, codes);

    /// <inheritdoc/>
    public static (float Scale, float Minimum) Scale(byte* block, int run) => (HalfBits.Read(block), 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second)
        => SignedBytes.Load(block + 2, out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima)
    {
        scales = HalfBits.ReadSome(block, Bytes, count);
        minima = Vector256<float>.Zero;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Vector256<float> scale = Vector256.Create(HalfBits.Read(block));
        var codes = (sbyte*)(block + 2);
        a = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(codes)) * scale;
        b = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(codes + 8)) * scale;
        c = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(codes + 16)) * scale;
        d = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(codes + 24)) * scale;
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float d = MathF.Abs(BlockStatistics.Extreme(source, Elements)) / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        *(Half*)block = (Half)d;
        for (int j = 0; j < 32; j++)
        {
            block[2 + j] = (byte)(sbyte)BlockStatistics.RoundAwayFromZero(source[j] * inverse);
        }
    }
}

/// <summary>As <see cref="Q8_0"/>, with the sum of the elements behind the scale; made for activations.</summary>
internal unsafe struct Q8_1 : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 36;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        float d = HalfBits.Read(block);
        for (int j = 0; j < 32; j++)
        {
            destination[j] = d * (sbyte)block[4 + j];
        }
    }
}
