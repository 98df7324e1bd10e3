namespace Graft.Tensors.Kernels;

/// <summary>What the IQ formats share: points of a lattice, signs, scales.</summary>
internal static unsafe class Lattice
{
    private static ReadOnlySpan<byte> Twos => [8, 25, 43];

    private static ReadOnlySpan<byte> Threes => [4, 12, 20, 28, 36, 44, 52, 62];

    /// <summary>Eight elements of a point of 2 bits each, times a scale, with signs from the bits of a byte.</summary>
    public static void Point2(ushort point, float scale, int signs, float* destination)
    {
        for (int i = 0; i < 8; i++)
        {
            float value = scale * Twos[(point >> (2 * i)) & 3];
            destination[i] = ((signs >> i) & 1) == 0 ? value : -value;
        }
    }

    /// <summary>Four elements of a point of 3 bits each, which are 4, 12 ... 62 or, where <paramref name="odd"/>, 1, 3 ... 15.</summary>
    public static void Point3(ushort point, bool odd, float scale, int signs, float* destination)
    {
        for (int i = 0; i < 4; i++)
        {
            int code = (point >> (3 * i)) & 7;
            float value = scale * (odd ? (2 * code) + 1 : Threes[code]);
            destination[i] = ((signs >> i) & 1) == 0 ? value : -value;
        }
    }

    /// <summary>Eight elements -1, 0 or 1 of a point, shifted and then scaled.</summary>
    public static void Point1(ushort point, float scale, float delta, float* destination)
    {
        for (int i = 0; i < 8; i++)
        {
            destination[i] = scale * (((point >> (2 * i)) & 3) - 1 + delta);
        }
    }

    /// <summary>Eight signs from seven bits: the eighth makes their number even.</summary>
    public static int Signs(uint seven) => (int)seven | ((System.Numerics.BitOperations.PopCount(seven) & 1) << 7);
}

/// <summary>2.06 bits: for 32 elements four bytes that name points, 28 bits of signs, a 4-bit scale.</summary>
internal unsafe struct IQ2_XXS : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 66;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        byte* points = block + 2 + (8 * group);
        uint rest = *(uint*)(points + 4);
        float scale = HalfBits.Read(block) * (0.5f + (rest >> 28)) * 0.25f;
        for (int i = 0; i < 4; i++)
        {
            Lattice.Point2(LatticePoints.IQ2XXS[points[i]], scale, Lattice.Signs((rest >> (7 * i)) & 127), destination + (8 * i));
        }
    }
}

/// <summary>2.31 bits: 16 bits for 8 elements, nine for the point and seven for signs; 4-bit scales for 16.</summary>
internal unsafe struct IQ2_XS : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 74;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        var codes = (ushort*)(block + 2) + (4 * group);
        for (int i = 0; i < 4; i++)
        {
            float scale = HalfBits.Read(block) * (0.5f + ((block[66 + group] >> (4 * (i / 2))) & 15)) * 0.25f;
            Lattice.Point2(LatticePoints.IQ2XS[codes[i] & 511], scale, Lattice.Signs((uint)codes[i] >> 9), destination + (8 * i));
        }
    }
}

/// <summary>2.56 bits: ten bits for the point of 8 elements, a byte of signs; 4-bit scales for 16.</summary>
internal unsafe struct IQ2_S : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 82;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        byte* codes = block + 2 + (4 * group);
        for (int i = 0; i < 4; i++)
        {
            int point = codes[i] | (((block[66 + group] >> (2 * i)) & 3) << 8);
            float scale = HalfBits.Read(block) * (0.5f + ((block[74 + group] >> (4 * (i / 2))) & 15)) * 0.25f;
            Lattice.Point2(LatticePoints.IQ2S[point], scale, codes[32 + i], destination + (8 * i));
        }
    }
}

/// <summary>3.06 bits: a byte for the point of 4 elements; for 32 elements 28 bits of signs and a 4-bit scale.</summary>
internal unsafe struct IQ3_XXS : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 98;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        byte* points = block + 2 + (8 * group);
        uint rest = ((uint*)(block + 66))[group];
        float scale = HalfBits.Read(block) * (0.5f + (rest >> 28)) * 0.5f;
        for (int i = 0; i < 8; i++)
        {
            int signs = Lattice.Signs((rest >> (7 * (i / 2))) & 127) >> (4 * (i % 2));
            Lattice.Point3(LatticePoints.IQ3XXS[points[i]], odd: false, scale, signs, destination + (4 * i));
        }
    }
}

/// <summary>3.44 bits: nine bits for the point of 4 elements, a byte of signs for 8; 4-bit scales for 32.</summary>
internal unsafe struct IQ3_S : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 110;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        byte* points = block + 2 + (8 * group);
        byte* signs = block + 74 + (4 * group);
        float scale = HalfBits.Read(block) * (1 + (2 * ((block[106 + (group / 2)] >> (4 * (group % 2))) & 15)));
        for (int i = 0; i < 8; i++)
        {
            int point = points[i] | (((block[66 + group] >> i) & 1) << 8);
            Lattice.Point3(LatticePoints.IQ3S[point], odd: true, scale, signs[i / 2] >> (4 * (i % 2)), destination + (4 * i));
        }
    }
}

/// <summary>1.56 bits: eleven bits for the point of 8 elements; for 32 elements a 3-bit scale and the sign of a shift of 1/8.</summary>
internal unsafe struct IQ1_S : IBlockFormat
{
    /// <summary>By how much points are shifted.</summary>
    public const float Delta = 0.125f;

    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 50;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        int high = ((ushort*)(block + 34))[group];
        float scale = HalfBits.Read(block) * ((2 * ((high >> 12) & 7)) + 1);
        for (int i = 0; i < 4; i++)
        {
            int point = block[2 + (4 * group) + i] | (((high >> (3 * i)) & 7) << 8);
            Lattice.Point1(LatticePoints.IQ1[point], scale, (high & 0x8000) == 0 ? Delta : -Delta, destination + (8 * i));
        }
    }
}

/// <summary>1.75 bits: as <see cref="IQ1_S"/> with scales for 16 elements and a shift for 8; the fp16 scale of the block is spread over four words.</summary>
internal unsafe struct IQ1_M : IBlockFormat
{
    /// <inheritdoc/>
    public static int Elements => 256;

    /// <inheritdoc/>
    public static int Bytes => 56;

    /// <inheritdoc/>
    public static void Decode(byte* block, int group, float* destination)
    {
        var scales = (ushort*)(block + 48);
        int bits = (scales[0] >> 12) | ((scales[1] >> 8) & 0xF0) | ((scales[2] >> 4) & 0xF00) | (scales[3] & 0xF000);
        float d = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
        for (int i = 0; i < 4; i++)
        {
            int high = block[32 + (2 * group) + (i / 2)] >> (4 * (i % 2));
            int point = block[(4 * group) + i] | ((high & 7) << 8);
            float scale = d * ((2 * ((scales[group / 2] >> (3 * ((2 * (group % 2)) + (i / 2)))) & 7)) + 1);
            Lattice.Point1(LatticePoints.IQ1[point], scale, (high & 8) == 0 ? IQ1_S.Delta : -IQ1_S.Delta, destination + (8 * i));
        }
    }
}
