namespace Graft.Tensors;

/// <summary>Conversions between binary32 and bfloat16, kept as its 16 bits.</summary>
/// <remarks>A bfloat16 is the upper half of a binary32: widening is a shift, narrowing rounds to nearest, ties to even.</remarks>
public static class BFloat16
{
    /// <summary>The binary32 with exactly the value of <paramref name="bits"/>.</summary>
    /// <param name="bits">A bfloat16.</param>
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The bfloat16 nearest to <paramref name="value"/>, ties to even; NaN stays NaN (quiet).</summary>
    /// <param name="value">A binary32.</param>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            return (ushort)((bits >> 16) | 0x40);
        }

        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
