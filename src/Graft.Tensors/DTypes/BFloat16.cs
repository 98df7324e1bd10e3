using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

    /// <summary>Rounds many numbers; see <see cref="FromSingle"/>.</summary>
    /// <param name="source">Numbers in binary32.</param>
    /// <param name="destination">Receives as many bfloat16.</param>
    public static void FromSingles(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        destination = destination[..source.Length];
        int i = 0;
        for (; i + 8 <= source.Length; i += 8)
        {
            Vector128.Narrow(Round(Vector128.Create(bits.Slice(i, 4))), Round(Vector128.Create(bits.Slice(i + 4, 4)))).CopyTo(destination[i..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = FromSingle(source[i]);
        }
    }

    private static Vector128<uint> Round(Vector128<uint> bits)
    {
        Vector128<uint> rounded = (bits + Vector128.Create(0x7FFFu) + ((bits >> 16) & Vector128<uint>.One)) >> 16;
        Vector128<float> values = bits.AsSingle();
        return Vector128.ConditionalSelect(Vector128.Equals(values, values).AsUInt32(), rounded, (bits >> 16) | Vector128.Create(0x40u));
    }
}
