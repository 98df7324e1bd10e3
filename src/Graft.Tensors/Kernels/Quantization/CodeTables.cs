namespace Graft.Tensors.Kernels;

/// <summary>The numbers that 4- and 8-bit codes stand for: fractions of a block's largest magnitude, bit for bit those of bitsandbytes.</summary>
public static class CodeTables
{
    /// <summary>Codes of an 8-bit table.</summary>
    public const int Count = 256;

    /// <summary>NF4: quantiles of the normal distribution (Dettmers et al. 2023, arXiv:2305.14314), ascending.</summary>
    public static ReadOnlySpan<float> NormalFloat4 =>
    [
        -1, -0.6961928f, -0.52507305f, -0.3949175f, -0.28444138f, -0.18477343f, -0.091050036f, 0,
        0.0795803f, 0.1609302f, 0.2461123f, 0.33791524f, 0.44070983f, 0.562617f, 0.72295684f, 1,
    ];

    /// <summary>FP4: sign, two bits of exponent, one of mantissa, divided by 12; by code, which is not ascending.</summary>
    public static ReadOnlySpan<float> Float4 =>
    [
        0, 0.0052083335f, 0.6666667f, 1, 0.33333334f, 0.5f, 0.16666667f, 0.25f,
        0, -0.0052083335f, -0.6666667f, -1, -0.33333334f, -0.5f, -0.16666667f, -0.25f,
    ];

    /// <summary>AF4: quantiles that account for the size of the block (Yoshida 2023, arXiv:2306.06965), descending.</summary>
    public static ReadOnlySpan<float> AbnormalFloat4 =>
    [
        1, 0.72424865f, 0.55496234f, 0.42563882f, 0.31675667f, 0.21961275f, 0.12934484f, 0.04273164f,
        0, -0.04934812f, -0.14982478f, -0.25607553f, -0.3736951f, -0.5124374f, -0.6944101f, -1,
    ];

    /// <summary>The table of a 4-bit type, by code.</summary>
    /// <param name="type">The type.</param>
    public static ReadOnlySpan<float> Of(FourBitType type) => type == FourBitType.NF4 ? NormalFloat4 : Float4;

    /// <summary>The dynamic map (Dettmers 2015, arXiv:1511.04561): the more leading exponent bits, the fewer bits of fraction.</summary>
    /// <param name="signed">Whether half of the codes are negative.</param>
    /// <param name="maxExponentBits">Decades below 1.</param>
    /// <param name="totalBits">Bits of a code; the table is filled up with zeros to 256.</param>
    public static float[] Dynamic(bool signed = true, int maxExponentBits = 7, int totalBits = 8)
    {
        CheckBits(totalBits);
        int fractionBits = totalBits - 1 - maxExponentBits;
        ArgumentOutOfRangeException.ThrowIfNegative(fractionBits, nameof(maxExponentBits));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExponentBits, 1);
        var values = new List<float>(Count);
        for (int i = 0; i < maxExponentBits; i++)
        {
            AddMeans(values, 1 << (i + fractionBits + (signed ? 0 : 1)), i - maxExponentBits + 1, signed);
        }

        AddMeans(values, (1 << fractionBits) - 1, 0, signed);
        values.Add(0);
        values.Add(1);
        return Fill(values);
    }

    /// <summary>Equal steps from -1 (or 0) to 1.</summary>
    /// <param name="signed">Whether half of the codes are negative.</param>
    /// <param name="totalBits">Bits of a code; the middle is filled up with zeros to 256.</param>
    /// <param name="addZero">Whether zero has a code of its own, for which a value is given up.</param>
    public static float[] Linear(bool signed = true, int totalBits = 8, bool addZero = true)
    {
        CheckBits(totalBits);
        int count = 1 << totalBits;
        if ((addZero || totalBits < 8) && signed)
        {
            count--;
        }

        float[] steps = Linspace(signed ? -1 : 0, 1, count);
        int half = count / 2;
        return count == Count ? steps : [.. steps[..half], .. new float[Count - count], .. steps[half..]];
    }

    /// <summary>All values of a small floating-point format without infinities, divided by the largest; ascending.</summary>
    /// <param name="signed">Whether there is a sign bit.</param>
    /// <param name="exponentBits">Bits of exponent.</param>
    /// <param name="precisionBits">Bits of mantissa.</param>
    /// <param name="totalBits">All bits; the table is filled up with zeros to 256.</param>
    public static float[] Float8(bool signed = true, int exponentBits = 5, int precisionBits = 2, int totalBits = 8)
    {
        CheckBits(totalBits);
        if (exponentBits + precisionBits + (signed ? 1 : 0) != totalBits)
        {
            throw new ArgumentException($"{exponentBits} exponent bits, {precisionBits} mantissa bits{(signed ? " and the sign" : string.Empty)} do not make {totalBits} bits");
        }

        int bias = 1 << (exponentBits - 1);
        var values = new List<float>(Count);
        for (int exponent = 0; exponent < 1 << exponentBits; exponent++)
        {
            for (int mantissa = 0; mantissa < 1 << precisionBits; mantissa++)
            {
                double fraction = Math.ScaleB(mantissa, -precisionBits);
                double value = exponent == 0 ? Math.ScaleB(fraction, -bias) : Math.ScaleB(1 + fraction, bias + 1 - exponent);
                values.Add((float)value);
                if (signed)
                {
                    values.Add(-(float)value);
                }
            }
        }

        float[] table = Fill(values);
        return [.. table.Select(value => value / table[^1])];
    }

    /// <summary>The values of NF4, with zeros in between: 4 bits in a table of 256.</summary>
    public static float[] Normal() => Fill([.. NormalFloat4]);

    /// <summary>torch's <c>linspace</c> in fp32: steps from the nearer end, each rounded once.</summary>
    private static float[] Linspace(float start, float end, int count)
    {
        float step = (end - start) / (count - 1);
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = i < count / 2 ? MathF.FusedMultiplyAdd(step, i, start) : MathF.FusedMultiplyAdd(-step, count - 1 - i, end);
        }

        return values;
    }

    /// <summary>Middles of <paramref name="count"/> equal intervals between 0.1 and 1, times a power of ten.</summary>
    private static void AddMeans(List<float> values, int count, int decade, bool signed)
    {
        if (count == 0)
        {
            return;
        }

        float[] boundaries = Linspace(0.1f, 1, count + 1);
        float scale = (float)Math.Pow(10, decade);
        for (int i = 0; i < count; i++)
        {
            float value = scale * ((boundaries[i] + boundaries[i + 1]) / 2);
            values.Add(value);
            if (signed)
            {
                values.Add(-value);
            }
        }
    }

    private static float[] Fill(List<float> values) => [.. values.Concat(Enumerable.Repeat(0f, Count - values.Count)).Order()];

    private static void CheckBits(int totalBits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalBits, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(totalBits, 8);
    }
}
