using System.Buffers.Binary;

namespace Graft.Text.SentencePieces;

/// <summary>Reads the fields of one protocol buffer message. Every length is checked against what is left.</summary>
internal ref struct ProtobufReader
{
    private const int LongestVarint = 10;

    private readonly ReadOnlySpan<byte> _message;
    private readonly string _where;
    private int _at;

    /// <summary>A reader of a message.</summary>
    /// <param name="message">All of its bytes.</param>
    /// <param name="where">The file, for errors.</param>
    internal ProtobufReader(ReadOnlySpan<byte> message, string where)
    {
        _message = message;
        _where = where;
    }

    /// <summary>Number of the current field.</summary>
    internal int Field { get; private set; }

    private ProtobufWireType WireType { get; set; }

    /// <summary>Goes to the next field; false at the end. The value of the field before it must have been read or skipped.</summary>
    internal bool Next()
    {
        if (_at == _message.Length)
        {
            return false;
        }

        ulong tag = Varint();
        WireType = (ProtobufWireType)(tag & 7);
        Field = tag >> 3 is > 0 and <= int.MaxValue ? (int)(tag >> 3) : throw Damaged("a field has an impossible number");
        return true;
    }

    /// <summary>An integer, flag or enumeration.</summary>
    internal long Integer()
    {
        Require(ProtobufWireType.Varint);
        return (long)Varint();
    }

    /// <summary>A 32-bit float.</summary>
    internal float Single()
    {
        Require(ProtobufWireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));
    }

    /// <summary>Bytes, a text or a message.</summary>
    internal ReadOnlySpan<byte> Bytes()
    {
        Require(ProtobufWireType.Bytes);
        return Take(Varint());
    }

    /// <summary>Passes over the value, whatever it is.</summary>
    internal void Skip()
    {
        switch (WireType)
        {
            case ProtobufWireType.Varint:
                Varint();
                break;
            case ProtobufWireType.Fixed64:
                Take(sizeof(ulong));
                break;
            case ProtobufWireType.Bytes:
                Take(Varint());
                break;
            case ProtobufWireType.Fixed32:
                Take(sizeof(uint));
                break;
            default:
                throw Damaged($"field {Field} has wire type {(int)WireType}, which is not in use");
        }
    }

    /// <summary>An error about the file.</summary>
    internal readonly InvalidDataException Damaged(string problem)
        => new($"{_where}: {problem} (at byte {_at} of {_message.Length} of a message): this is no SentencePiece model, or the file is damaged");

    private readonly void Require(ProtobufWireType wanted)
    {
        if (WireType != wanted)
        {
            throw Damaged($"field {Field} is stored as {WireType}, but must be {wanted}");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _at))
        {
            throw Damaged($"field {Field} claims {length} bytes, {_message.Length - _at} are left");
        }

        ReadOnlySpan<byte> taken = _message.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < LongestVarint && _at < _message.Length; i++)
        {
            byte next = _message[_at++];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged("a number is cut off or too long");
    }
}
