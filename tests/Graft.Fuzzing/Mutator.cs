using System.Buffers.Binary;

namespace Graft.Fuzzing;

/// <summary>Damages sound files in the ways that find faults in readers: numbers at the edges, cuts, repeats, and pieces of other files.</summary>
/// <param name="seeds">The sound files.</param>
/// <param name="isText">Whether numbers and delimiters are written as text.</param>
internal sealed class Mutator(IReadOnlyList<byte[]> seeds, bool isText)
{
    private const int MostChanges = 4;
    private const int LongestPiece = 64;

    private static readonly ulong[] Edges =
    [
        0, 1, 2, 3, 7, 8, 15, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x3FFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    private static readonly byte[][] Words =
    [
        "0"u8.ToArray(), "-1"u8.ToArray(), "1"u8.ToArray(), "2147483647"u8.ToArray(), "2147483648"u8.ToArray(), "4294967295"u8.ToArray(), "9223372036854775807"u8.ToArray(),
        "18446744073709551616"u8.ToArray(), "1e308"u8.ToArray(), "1e999"u8.ToArray(), "0.5"u8.ToArray(), "null"u8.ToArray(), "true"u8.ToArray(), "false"u8.ToArray(), "\"\""u8.ToArray(), "[]"u8.ToArray(), "{}"u8.ToArray(),
        "[["u8.ToArray(), "]]"u8.ToArray(), "{\""u8.ToArray(), "\\u0000"u8.ToArray(), "\\ud800"u8.ToArray(), "\\"u8.ToArray(), "(a*)*"u8.ToArray(), "{99999}"u8.ToArray(), "(?="u8.ToArray(), "[^"u8.ToArray(), "\\\\p{L}"u8.ToArray(), ","u8.ToArray(), ":"u8.ToArray(),
    ];

    /// <summary>A damaged file.</summary>
    /// <param name="random">Decides how.</param>
    public byte[] Next(Random random)
    {
        var content = new List<byte>(seeds[random.Next(seeds.Count)]);
        for (int changes = random.Next(MostChanges) + 1; changes > 0; changes--)
        {
            Change(content, random);
        }

        return [.. content];
    }

    private void Change(List<byte> content, Random random)
    {
        int place = random.Next(content.Count + 1);
        switch (random.Next(isText ? 9 : 8))
        {
            case 0 when place < content.Count:
                content[place] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when place < content.Count:
                content[place] = (byte)random.Next(256);
                break;
            case 2:
                Overwrite(content, place, Edges[random.Next(Edges.Length)], 1 << random.Next(4));
                break;
            case 3:
                Remove(content, place, random.Next(LongestPiece));
                break;
            case 4 when random.Next(4) == 0:
                Remove(content, place, content.Count);
                break;
            case 5:
                content.InsertRange(place, content.GetRange(place, Math.Min(random.Next(LongestPiece), content.Count - place)));
                break;
            case 6:
                Transplant(content, place, seeds[random.Next(seeds.Count)], random);
                break;
            case 7:
                Move(content, place, random);
                break;
            case 8:
                Word(content, place, random);
                break;
            default:
                content.Insert(place, (byte)random.Next(256));
                break;
        }
    }

    private static void Overwrite(List<byte> content, int place, ulong value, int bytes)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        for (int i = 0; i < bytes && place + i < content.Count; i++)
        {
            content[place + i] = number[i];
        }
    }

    private static void Remove(List<byte> content, int place, int count) => content.RemoveRange(place, Math.Min(count, content.Count - place));

    /// <summary>Puts a piece of another file in, or over what is there.</summary>
    private static void Transplant(List<byte> content, int place, byte[] other, Random random)
    {
        int start = random.Next(other.Length);
        byte[] piece = other[start..Math.Min(other.Length, start + random.Next(LongestPiece))];
        if (random.Next(2) == 0)
        {
            Remove(content, place, piece.Length);
        }

        content.InsertRange(place, piece);
    }

    private static void Move(List<byte> content, int place, Random random)
    {
        List<byte> piece = content.GetRange(place, Math.Min(random.Next(LongestPiece), content.Count - place));
        Remove(content, place, piece.Count);
        content.InsertRange(random.Next(content.Count + 1), piece);
    }

    /// <summary>Puts a word in, often in the place of a number.</summary>
    private static void Word(List<byte> content, int place, Random random)
    {
        int start = content.FindIndex(place, value => char.IsAsciiDigit((char)value));
        if (start >= 0 && random.Next(2) == 0)
        {
            place = start;
            int end = content.FindIndex(start, value => !char.IsAsciiDigit((char)value));
            Remove(content, start, (end < 0 ? content.Count : end) - start);
        }

        content.InsertRange(Math.Min(place, content.Count), Words[random.Next(Words.Length)]);
    }
}
