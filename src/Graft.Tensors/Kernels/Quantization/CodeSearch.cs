using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Finds the code whose value is nearest to a number, exactly: of two that are equally near the lower one.</summary>
/// <remarks>
/// The code is the number of midpoints, formed in fp32, that are below the value. The leading bits of a float say where to
/// begin to count; a table has few midpoints between two such beginnings.
/// </remarks>
public sealed class CodeSearch
{
    private const int Shift = 18;
    private const uint Magnitude = 0x7FFFFFFF;
    private const int Buckets = (0x3F800000 >> Shift) + 1;

    private readonly float[] _midpoints = new float[CodeTables.Count];
    private readonly byte[] _starts = new byte[2 * Buckets];

    /// <summary>Prepares a search.</summary>
    /// <param name="codes">256 numbers from -1 to 1, ascending.</param>
    public CodeSearch(ReadOnlySpan<float> codes)
    {
        if (codes.Length != CodeTables.Count)
        {
            throw new ArgumentException($"a table of {CodeTables.Count} codes is expected, not of {codes.Length}", nameof(codes));
        }

        for (int i = 0; i + 1 < codes.Length; i++)
        {
            if (!(codes[i] <= codes[i + 1]))
            {
                throw new ArgumentException($"codes must ascend, but code {i} is {codes[i]} and the next is {codes[i + 1]}", nameof(codes));
            }

            _midpoints[i] = (codes[i] + codes[i + 1]) / 2;
        }

        _midpoints[^1] = float.PositiveInfinity;
        for (uint i = 0; i < Buckets; i++)
        {
            _starts[i] = Below(BitConverter.UInt32BitsToSingle(i << Shift));
            _starts[Buckets + i] = Below(-BitConverter.UInt32BitsToSingle((i << Shift) | ((1u << Shift) - 1)));
        }
    }

    /// <summary>The nearest code.</summary>
    /// <param name="value">A number from -1 to 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Nearest(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        int code = _starts[((bits & Magnitude) >> Shift) + ((bits >> 31) * Buckets)];
        while (_midpoints[code] < value)
        {
            code++;
        }

        return (byte)code;
    }

    private byte Below(float value)
    {
        int code = 0;
        while (_midpoints[code] < value)
        {
            code++;
        }

        return (byte)code;
    }
}
