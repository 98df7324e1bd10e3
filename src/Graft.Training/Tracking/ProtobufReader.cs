using System.Buffers.Binary;
using System.Text;

namespace Graft.Training.Tracking;

/// <summary>How a field lies in a protobuf message.</summary>
public enum ProtobufWireType
{
    /// <summary>An integer of 1 to 10 bytes, seven bits a byte.</summary>
    Varint = 0,

    /// <summary>Eight bytes, little-endian.</summary>
    Fixed64 = 1,

    /// <summary>A length, then as many bytes.</summary>
    LengthDelimited = 2,

    /// <summary>Four bytes, little-endian.</summary>
    Fixed32 = 5,
}

/// <summary>Reads the fields of a protobuf message one after the other. Every length is checked before it is used.</summary>
/// <param name="message">The message.</param>
public ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Number of the field that was found.</summary>
    public int Field { get; private set; }

    /// <summary>How its value lies.</summary>
    public ProtobufWireType WireType { get; private set; }

    /// <summary>The value of a varint, or the bits of a fixed one.</summary>
    public ulong Bits { get; private set; }

    /// <summary>The value of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The bits as float64.</summary>
    public readonly double Double => BitConverter.UInt64BitsToDouble(Bits);

    /// <summary>The bits as float32.</summary>
    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)Bits);

    /// <summary>The bytes as UTF-8.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="InvalidDataException">The message is cut off, or has a wire type that protobuf no longer has.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        ulong tag = Varint();
        Field = (int)(tag >> 3);
        WireType = (ProtobufWireType)(tag & 7);
        Bytes = default;
        Bits = 0;
        if (tag >> 3 is 0 or > 536_870_911)
        {
            throw new InvalidDataException($"a protobuf message has a field number {tag >> 3}");
        }

        switch (WireType)
        {
            case ProtobufWireType.Varint:
                Bits = Varint();
                break;
            case ProtobufWireType.Fixed64:
                Bits = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case ProtobufWireType.Fixed32:
                Bits = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case ProtobufWireType.LengthDelimited:
                Bytes = Take(Varint());
                break;
            default:
                throw new InvalidDataException($"field {Field} of a protobuf message has the unknown wire type {(int)WireType}");
        }

        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("an integer of a protobuf message is longer than 10 bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw new InvalidDataException($"a protobuf message is cut off: {count} bytes are needed, {_rest.Length} are left");
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
