using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Graft.Formats;

/// <summary>A cursor over the bytes of a pickle. Every length is checked against what is left before anything is allocated.</summary>
/// <param name="bytes">The pickle, and what follows it.</param>
/// <param name="where">The file and record, for messages.</param>
internal ref struct PickleReader(ReadOnlySpan<byte> bytes, string where)
{
    // Big enough for any integer in a checkpoint; text conversion of longer ones takes quadratic time.
    private const int MaximumIntegerBytes = 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes consumed.</summary>
    public int Position { get; private set; }

    /// <summary>The next byte.</summary>
    public byte Byte() => Take(1)[0];

    /// <summary>Unsigned 16 bits, little-endian.</summary>
    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    /// <summary>Signed 32 bits, little-endian.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    /// <summary>Unsigned 32 bits, little-endian.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <summary>Unsigned 64 bits, little-endian.</summary>
    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>A binary64, big-endian as pickle has it.</summary>
    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));

    /// <summary><paramref name="length"/> bytes.</summary>
    public ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_bytes.Length - Position))
        {
            throw Invalid($"{length} bytes should follow, but only {_bytes.Length - Position} do: it is truncated or damaged; download it again");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, (int)length);
        Position += (int)length;
        return taken;
    }

    /// <summary>A string of <paramref name="length"/> bytes of UTF-8.</summary>
    public string Text(ulong length)
    {
        ReadOnlySpan<byte> utf8 = Take(length);
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw Invalid("a string is not valid UTF-8");
        }
    }

    /// <summary>A string that ends with a line feed, which is not part of it.</summary>
    public string Line()
    {
        int length = _bytes[Position..].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Invalid("a line does not end");
        }

        string line = Text((ulong)length);
        Position++;
        return line;
    }

    /// <summary>A two's complement integer of <paramref name="length"/> bytes, little-endian: long where it fits, else BigInteger.</summary>
    public object Integer(uint length)
    {
        ReadOnlySpan<byte> digits = Take(length);
        if (length > MaximumIntegerBytes)
        {
            throw Invalid($"an integer has {length} bytes, more than the {MaximumIntegerBytes} allowed");
        }

        var value = new BigInteger(digits);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    /// <summary>An error at the present position.</summary>
    public readonly InvalidDataException Invalid(string what) => new($"{where}, byte {Position}: {what}.");
}
