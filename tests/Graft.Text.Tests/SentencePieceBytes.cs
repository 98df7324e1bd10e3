using System.Buffers.Binary;
using Graft.Text.SentencePieces;

namespace Graft.Text.Tests;

/// <summary>Writes SentencePiece files.</summary>
internal static class SentencePieceBytes
{
    /// <summary>A file with the given tokens and options.</summary>
    public static byte[] File(IEnumerable<SentencePiece> pieces, SentencePieceOptions options)
    {
        var file = new List<byte>();
        foreach (SentencePiece piece in pieces)
        {
            byte[] score = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(score, piece.Score);
            AddBytes(file, 1, [.. Text(1, piece.Text), .. Tag(2, 5), .. score, .. Integer(3, (long)piece.Kind)]);
        }

        AddBytes(
            file,
            2,
            [
                .. Integer(3, (long)options.Algorithm), .. Integer(4, 12345), .. Integer(24, options.WhitespaceAsSuffix ? 1 : 0), .. Integer(35, options.ByteFallback ? 1 : 0),
                .. Text(44, options.UnknownSurface), .. Text(46, options.BosPiece), .. Text(47, options.EosPiece), .. Text(48, options.PadPiece),
            ]);
        AddBytes(
            file,
            3,
            [
                .. Text(1, "identity"), .. Bytes(2, options.CharacterMap.ToArray()), .. Integer(3, options.AddDummyPrefix ? 1 : 0),
                .. Integer(4, options.RemoveExtraWhitespaces ? 1 : 0), .. Integer(5, options.EscapeWhitespaces ? 1 : 0),
            ]);
        return [.. file];
    }

    /// <summary>A double array of one rule, "A" becomes "b": the root, the node of A with its leaf, and the replacements.</summary>
    public static byte[] CharacterMap()
    {
        // Offsets of units: the root leads to 1 ^ 'A', whose leaf lies at that place ^ 1.
        const int Root = 1;
        int node = Root ^ 'A';
        var units = new uint[256];
        units[0] = Root << 10;
        units[node] = (1u << 10) | 0x100 | 'A';
        units[node ^ 1] = 0x80000000;
        byte[] array = new byte[units.Length * 4];
        Buffer.BlockCopy(units, 0, array, 0, array.Length);
        return [.. BitConverter.GetBytes(array.Length), .. array, .. "b\0"u8];
    }

    /// <summary>A field that holds bytes.</summary>
    public static byte[] Bytes(int field, byte[] value)
    {
        var target = new List<byte>();
        AddBytes(target, field, value);
        return [.. target];
    }

    /// <summary>A field's tag.</summary>
    public static byte[] Tag(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    /// <summary>A number of seven bits a byte.</summary>
    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] Text(int field, string text) => Bytes(field, System.Text.Encoding.UTF8.GetBytes(text));

    private static byte[] Integer(int field, long value) => [.. Tag(field, 0), .. Varint((ulong)value)];

    private static void AddBytes(List<byte> target, int field, byte[] value)
    {
        target.AddRange(Tag(field, 2));
        target.AddRange(Varint((ulong)value.Length));
        target.AddRange(value);
    }
}
