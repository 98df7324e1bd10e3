using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.SentencePieces;

/// <summary>A text as a SentencePiece model segments it: UTF-8 bytes, and for each the byte of the original that it came from.</summary>
internal sealed class SentencePieceText
{
    private static readonly byte[] s_mark = "\u2581"u8.ToArray();

    private readonly List<byte> _bytes;
    private readonly List<int> _sources;

    private SentencePieceText(int capacity)
    {
        _bytes = new List<byte>(capacity);
        _sources = new List<int>(capacity + 1);
    }

    /// <summary>The bytes.</summary>
    internal ReadOnlySpan<byte> Bytes => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

    /// <summary>Where each byte came from; one more for the end.</summary>
    internal ReadOnlySpan<int> Sources => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_sources);

    /// <summary>Normalizes a text: user-defined symbols stay, the rest goes through the character map, then spaces are seen to.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="options">What to do about spaces.</param>
    /// <param name="map">Rules that rewrite characters, or null.</param>
    /// <param name="symbols">User-defined symbols.</param>
    internal static SentencePieceText Normalize(ReadOnlySpan<byte> text, SentencePieceOptions options, PrecompiledCharacterMap? map, ByteTrie symbols)
    {
        var result = new SentencePieceText(text.Length + s_mark.Length);
        int at = options.RemoveExtraWhitespaces ? SkipSpaces(text, map, symbols) : 0;
        if (at == text.Length)
        {
            result._sources.Add(0);
            return result;
        }

        ReadOnlySpan<byte> space = options.EscapeWhitespaces ? s_mark : " "u8;
        if (options.AddDummyPrefix && !options.WhitespaceAsSuffix)
        {
            result.Append(space, at);
        }

        bool afterSpace = options.RemoveExtraWhitespaces;
        while (at < text.Length)
        {
            int length = Prefix(text[at..], map, symbols, out ReadOnlySpan<byte> replacement);
            replacement = afterSpace ? replacement.TrimStart((byte)' ') : replacement;
            foreach (byte value in replacement)
            {
                result.Append(value == ' ' ? space : [value], at);
            }

            if (replacement.Length > 0)
            {
                afterSpace = options.RemoveExtraWhitespaces && replacement[^1] == ' ';
            }

            at += length;
        }

        if (options.RemoveExtraWhitespaces)
        {
            at = result.TrimEnd(space, at);
        }

        if (options.AddDummyPrefix && options.WhitespaceAsSuffix)
        {
            result.Append(space, at);
        }

        result._sources.Add(at);
        return result;
    }

    private static int SkipSpaces(ReadOnlySpan<byte> text, PrecompiledCharacterMap? map, ByteTrie symbols)
    {
        int at = 0;
        while (at < text.Length)
        {
            int length = Prefix(text[at..], map, symbols, out ReadOnlySpan<byte> replacement);
            if (!replacement.SequenceEqual(" "u8))
            {
                break;
            }

            at += length;
        }

        return at;
    }

    /// <summary>What the text begins with, and what becomes of it: a symbol, the longest rule's key, or a character.</summary>
    private static int Prefix(ReadOnlySpan<byte> text, PrecompiledCharacterMap? map, ByteTrie symbols, out ReadOnlySpan<byte> replacement)
    {
        int length = symbols.LongestPrefix(text);
        if (length == 0 && map is not null && map.TryFind(text, shortest: false, out length, out replacement))
        {
            return length;
        }

        if (length == 0)
        {
            Rune.DecodeFromUtf8(text, out _, out length);
        }

        replacement = text[..length];
        return length;
    }

    private void Append(ReadOnlySpan<byte> bytes, int source)
    {
        foreach (byte value in bytes)
        {
            _bytes.Add(value);
            _sources.Add(source);
        }
    }

    private int TrimEnd(ReadOnlySpan<byte> space, int end)
    {
        while (Bytes.EndsWith(space))
        {
            int length = _bytes.Count - space.Length;
            end = _sources[length];
            _bytes.RemoveRange(length, space.Length);
            _sources.RemoveRange(length, space.Length);
        }

        return end;
    }
}
