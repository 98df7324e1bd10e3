using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Graft.Training.Data;

/// <summary>Strict decoding of a file's text: bytes that are not UTF-8 are an error, never a replacement character.</summary>
internal static class Utf8Text
{
    /// <summary>Decodes <c>file.Bytes[start..end]</c>, which begins in <paramref name="line"/>.</summary>
    /// <exception cref="InvalidDataException">Not UTF-8; names the byte.</exception>
    public static string Decode(DataFile file, int start, int end, int line)
    {
        ReadOnlySpan<byte> bytes = file.Bytes[start..end];
        Check(file, start, end, line);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Checks <c>file.Bytes[start..end]</c>, which begins in <paramref name="line"/>.</summary>
    /// <exception cref="InvalidDataException">Not UTF-8; names the byte.</exception>
    public static void Check(DataFile file, int start, int end, int line)
    {
        ReadOnlySpan<byte> bytes = file.Bytes[start..end];
        if (Utf8.IsValid(bytes))
        {
            return;
        }

        int position = 0;
        while (Rune.DecodeFromUtf8(bytes[position..], out _, out int consumed) == OperationStatus.Done)
        {
            position += consumed;
        }

        ReadOnlySpan<byte> before = bytes[..position];
        int lineStart = before.LastIndexOf((byte)'\n') + 1;
        int badLine = line + before.Count((byte)'\n');

        // The column counts from the start of the line, which may lie before the checked part.
        ReadOnlySpan<byte> lineBefore = lineStart > 0 ? before[lineStart..] : file.Bytes[(file.Bytes[..start].LastIndexOf((byte)'\n') + 1)..(start + position)];
        throw BadData.At(
            file.Path,
            badLine,
            CharactersIn(lineBefore) + 1,
            $"not UTF-8: byte 0x{bytes[position]:X2} at offset {file.Start + start + position} of the text; save the file as UTF-8");
    }

    /// <summary>Unicode characters in <paramref name="bytes"/>: those that do not continue another.</summary>
    public static int CharactersIn(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        foreach (byte b in bytes)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }
}
