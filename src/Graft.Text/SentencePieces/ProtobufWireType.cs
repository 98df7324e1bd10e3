namespace Graft.Text.SentencePieces;

/// <summary>How a protocol buffer stores a value.</summary>
internal enum ProtobufWireType
{
    /// <summary>Seven bits a byte.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length and as many bytes.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}
