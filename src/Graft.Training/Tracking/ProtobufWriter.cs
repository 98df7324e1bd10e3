using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Graft.Training.Tracking;

/// <summary>Writes a message in protobuf's wire format (Protocol Buffers, Encoding).</summary>
/// <remarks>As in proto3, a number of 0, a false and an empty text are left out; elements of lists and members of a <c>oneof</c> never are. Write fields in the order of their numbers.</remarks>
public sealed class ProtobufWriter
{
    private const int WireVarint = 0;
    private const int WireFixed64 = 1;
    private const int WireLength = 2;
    private const int WireFixed32 = 5;

    // Python's NaN, which is what the files of the libraries hold; .NET's has its sign set.
    private static readonly double DoubleNaN = BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_0000);
    private static readonly float SingleNaN = BitConverter.UInt32BitsToSingle(0x7FC0_0000);

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>An integer or an enum; 0 is left out.</summary>
    public void Integer(int field, long value)
    {
        if (value != 0)
        {
            Tag(field, WireVarint);
            Varint((ulong)value);
        }
    }

    /// <summary>A boolean; false is left out.</summary>
    public void Boolean(int field, bool value) => Integer(field, value ? 1 : 0);

    /// <summary>A float64; 0 is left out, -0 is not.</summary>
    public void Double(int field, double value)
    {
        if (BitConverter.DoubleToInt64Bits(value) != 0)
        {
            Tag(field, WireFixed64);
            BinaryPrimitives.WriteDoubleLittleEndian(Room(8), double.IsNaN(value) ? DoubleNaN : value);
        }
    }

    /// <summary>A float32 that is a member of a <c>oneof</c>: always written.</summary>
    public void Single(int field, float value)
    {
        Tag(field, WireFixed32);
        BinaryPrimitives.WriteSingleLittleEndian(Room(4), float.IsNaN(value) ? SingleNaN : value);
    }

    /// <summary>A text in UTF-8; an empty one is left out.</summary>
    public void Text(int field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Element(field, Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>Bytes; none are left out.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0)
        {
            Element(field, value);
        }
    }

    /// <summary>Texts of a list.</summary>
    public void Texts(int field, IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (string value in values)
        {
            Element(field, Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>One element of a list of texts, bytes or messages.</summary>
    public void Element(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireLength);
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    /// <summary>A list of float64, packed; an empty one is left out.</summary>
    public void Packed(int field, ReadOnlySpan<double> values)
    {
        if (values.Length > 0)
        {
            Tag(field, WireLength);
            Varint((ulong)values.Length * 8);
            foreach (double value in values)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(Room(8), double.IsNaN(value) ? DoubleNaN : value);
            }
        }
    }

    /// <summary>A list of float32, packed; an empty one is left out.</summary>
    public void Packed(int field, ReadOnlySpan<float> values)
    {
        if (values.Length > 0)
        {
            Tag(field, WireLength);
            Varint((ulong)values.Length * 4);
            foreach (float value in values)
            {
                BinaryPrimitives.WriteSingleLittleEndian(Room(4), float.IsNaN(value) ? SingleNaN : value);
            }
        }
    }

    /// <summary>A list of integers or booleans, packed; an empty one is left out.</summary>
    public void Packed(int field, ReadOnlySpan<long> values)
    {
        if (values.Length > 0)
        {
            var list = new ProtobufWriter();
            foreach (long value in values)
            {
                list.Varint((ulong)value);
            }

            Element(field, list.Written);
        }
    }

    /// <summary>A message within this one; written though it may be empty.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="write">Writes its fields.</param>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var inner = new ProtobufWriter();
        write(inner);
        Element(field, inner.Written);
    }

    private void Tag(int field, int wire) => Varint(((ulong)field << 3) | (uint)wire);

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Room(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Room(1)[0] = (byte)value;
    }

    private Span<byte> Room(int count)
    {
        Span<byte> room = _bytes.GetSpan(count)[..count];
        _bytes.Advance(count);
        return room;
    }
}
