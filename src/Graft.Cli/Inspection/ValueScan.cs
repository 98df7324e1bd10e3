using Graft.Formats;
using Graft.Tensors;

namespace Graft.Cli.Inspection;

/// <summary>Reads every value of a tensor, bit by bit and in place.</summary>
internal static unsafe class ValueScan
{
    private const int ChunkBytes = 1 << 22;

    /// <summary>How many values are NaN or infinite; 0 for types that cannot be.</summary>
    public static long CountNonFinite(TensorEntry tensor)
    {
        long found = 0;
        for (long first = 0; first < tensor.ByteLength; first += ChunkBytes)
        {
            var bytes = new ReadOnlySpan<byte>(tensor.Data + first, (int)Math.Min(ChunkBytes, tensor.ByteLength - first));
            found += tensor.DType switch
            {
                DType.Float32 or DType.Complex64 => CountWords(bytes, 0x7F80_0000),
                DType.BFloat16 => CountHalfWords(bytes, 0x7F80),
                DType.Float16 => CountHalfWords(bytes, 0x7C00),
                DType.Float64 => CountDoubleWords(bytes),
                _ => 0,
            };
        }

        return found;
    }

    /// <summary>Whether all bytes are zero.</summary>
    public static bool IsZero(TensorEntry tensor)
    {
        for (long first = 0; first < tensor.ByteLength; first += ChunkBytes)
        {
            if (new ReadOnlySpan<byte>(tensor.Data + first, (int)Math.Min(ChunkBytes, tensor.ByteLength - first)).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }

    // An exponent of all ones is NaN or infinity. Tensors may lie anywhere: no alignment is taken for granted.
    private static long CountWords(ReadOnlySpan<byte> bytes, uint exponent)
    {
        long found = 0;
        for (int i = 0; i + sizeof(uint) <= bytes.Length; i += sizeof(uint))
        {
            found += (BitConverter.ToUInt32(bytes[i..]) & exponent) == exponent ? 1 : 0;
        }

        return found;
    }

    private static long CountHalfWords(ReadOnlySpan<byte> bytes, ushort exponent)
    {
        long found = 0;
        for (int i = 0; i + sizeof(ushort) <= bytes.Length; i += sizeof(ushort))
        {
            found += (BitConverter.ToUInt16(bytes[i..]) & exponent) == exponent ? 1 : 0;
        }

        return found;
    }

    private static long CountDoubleWords(ReadOnlySpan<byte> bytes)
    {
        long found = 0;
        for (int i = 0; i + sizeof(double) <= bytes.Length; i += sizeof(double))
        {
            found += double.IsFinite(BitConverter.ToDouble(bytes[i..])) ? 0 : 1;
        }

        return found;
    }
}
