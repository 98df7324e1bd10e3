namespace Graft.Tensors.Kernels;

/// <summary>4-bit codes that stand for unevenly spaced numbers; element j in the lower half of byte j, j + 16 in the upper. fp16 scale, 16 bytes.</summary>
internal unsafe struct IQ4_NL : IBlockFormat
{
    /// <summary>What codes stand for.</summary>
    public static ReadOnlySpan<sbyte> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 18;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => Decode(block + 2, HalfBits.Read(block), Values, destination);

    /// <summary>32 elements of one scale.</summary>
    public static void Decode(byte* codes, float scale, ReadOnlySpan<sbyte> values, float* destination)
    {
        for (int j = 0; j < 16; j++)
        {
            destination[j] = scale * values[codes[j] & 15];
            destination[j + 16] = scale * values[codes[j] >> 4];
        }
    }
}

/// <summary>As <see cref="IQ4_NL"/> in super-blocks with 6-bit scales for 32 elements. fp16 scale, 2 and 4 bytes of scales, 128 of codes.</summary>
internal unsafe struct IQ4_XS : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 136;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        int low = (block[4 + (group / 2)] >> (4 * (group % 2))) & 15;
        int high = (*(ushort*)(block + 2) >> (2 * group)) & 3;
        float scale = HalfBits.Read(block) * ((low | (high << 4)) - 32);
        IQ4_NL.Decode(block + 8 + (16 * group), scale, IQ4_NL.Values, destination);
    }
}

/// <summary>4-bit floats (OCP E2M1) with a shared power of two (E8M0). One byte of exponent, 16 of codes as in <see cref="IQ4_NL"/>.</summary>
internal unsafe struct MXFP4 : IBlockFormat
{
    /// <summary>Twice what codes stand for, to go with half the scale.</summary>
    public static ReadOnlySpan<sbyte> Values => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <inheritdoc/>
    public static int Elements => 32;

    /// <inheritdoc/>
    public static int Bytes => 17;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination) => IQ4_NL.Decode(block + 1, HalfScale(*block), Values, destination);

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float largest = MathF.Abs(BlockStatistics.Extreme(source, Elements));
        *block = (byte)(largest > 0 ? (int)MathF.Floor(MathF.Log2(largest)) - 2 + 127 : 0);
        float scale = HalfScale(*block);
        for (int j = 0; j < 16; j++)
        {
            block[1 + j] = (byte)(Nearest(source[j], scale) | (Nearest(source[j + 16], scale) << 4));
        }
    }

    private static int Nearest(float value, float scale)
    {
        int best = 0;
        for (int code = 1; code < 16; code++)
        {
            if (MathF.Abs((scale * Values[code]) - value) < MathF.Abs((scale * Values[best]) - value))
            {
                best = code;
            }
        }

        return best;
    }

    /// <summary><c>2^(e - 128)</c>, subnormal for the two smallest.</summary>
    private static float HalfScale(byte exponent) => BitConverter.UInt32BitsToSingle(exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23);
}

/// <summary>4-bit floats (E2M1) with a scale (unsigned E4M3) for 16. Four scales, then 8 bytes for each 16 elements: j in lower halves, j + 8 in upper ones.</summary>
internal unsafe struct NVFP4 : IBlockFormat
{
    private const int NotANumber = 0x7F;

    /// <inheritdoc/>
    public static int Elements => 64;

    /// <inheritdoc/>
    public static int Bytes => 36;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        for (int part = 2 * group; part < (2 * group) + 2; part++, destination += 16)
        {
            float scale = HalfScale(block[part]);
            byte* codes = block + 4 + (8 * part);
            for (int j = 0; j < 8; j++)
            {
                destination[j] = scale * MXFP4.Values[codes[j] & 15];
                destination[j + 8] = scale * MXFP4.Values[codes[j] >> 4];
            }
        }
    }

    private static float HalfScale(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        float scale = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code == NotANumber ? 0 : scale / 2;
    }
}

/// <summary>Ternary, five elements a byte in base 3: 48 bytes, 4 bytes with four elements each, fp16 scale.</summary>
internal unsafe struct TQ1_0 : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 54;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    private static ReadOnlySpan<byte> Powers => [1, 3, 9, 27, 81];

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        float d = HalfBits.Read(block + 52);
        for (int j = 0; j < 32; j++)
        {
            (int index, int digit) = Place((32 * group) + j);

            // The bytes are fractions of 256: times a power of 3, the integer part falls away, and the next digit is on top.
            int fraction = (byte)(block[index] * Powers[digit]);
            destination[j] = d * (((fraction * 3) >> 8) - 1);
        }
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float d = MathF.Abs(BlockStatistics.Extreme(source, Elements));
        float inverse = d == 0 ? 0 : 1 / d;
        int* sums = stackalloc int[52];
        new Span<int>(sums, 52).Clear();
        for (int i = 0; i < Elements; i++)
        {
            (int index, int digit) = Place(i);
            sums[index] += ((int)BlockStatistics.RoundAwayFromZero(source[i] * inverse) + 1) * Powers[4 - digit];
        }

        for (int i = 0; i < 52; i++)
        {
            block[i] = (byte)(((sums[i] * 256) + 242) / 243);
        }

        *(Half*)(block + 52) = (Half)d;
    }

    /// <summary>The byte of an element, and which digit in it: 32 bytes take 160 elements, 16 take 80, 4 take the last 16.</summary>
    private static (int Index, int Digit) Place(int element) => element switch
    {
        < 160 => (element % 32, element / 32),
        < 240 => (32 + (element % 16), (element - 160) / 16),
        _ => (48 + (element % 4), (element - 240) / 4),
    };
}

/// <summary>Ternary, 2 bits an element: 64 bytes, fp16 scale.</summary>
internal unsafe struct TQ2_0 : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 66;

    /// <inheritdoc/>
    public static bool CanEncode => true;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        float d = HalfBits.Read(block + 64);
        for (int j = 0; j < 32; j++)
        {
            destination[j] = d * (((block[(32 * (group / 4)) + j] >> (2 * (group % 4))) & 3) - 1);
        }
    }

    /// <inheritdoc/>
    public static void Encode(float* source, byte* block)
    {
        float d = MathF.Abs(BlockStatistics.Extreme(source, Elements));
        float inverse = d == 0 ? 0 : 1 / d;
        new Span<byte>(block, 64).Clear();
        for (int i = 0; i < Elements; i++)
        {
            int code = (int)BlockStatistics.RoundAwayFromZero(source[i] * inverse) + 1;
            block[(i / 128 * 32) + (i % 32)] |= (byte)(code << (2 * (i / 32 % 4)));
        }

        *(Half*)(block + 64) = (Half)d;
    }
}
