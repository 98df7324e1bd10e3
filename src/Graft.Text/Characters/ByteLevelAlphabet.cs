namespace Graft.Text.Characters;

/// <summary>
/// The printable stand-ins for bytes that GPT-2 introduced: printable Latin-1 bytes stand for themselves, the other 68 are
/// the characters from U+0100 on.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] ToCharacter = BuildForward();
    private static readonly short[] ToByte = BuildBackward();

    /// <summary>The stand-in of the space, Ġ.</summary>
    internal const char Space = '\u0120';

    /// <summary>The stand-in of a byte.</summary>
    internal static char CharacterOf(byte value) => ToCharacter[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    internal static int ByteOf(char character) => character < ToByte.Length ? ToByte[character] : -1;

    /// <summary>Stand-ins of the UTF-8 bytes of a text.</summary>
    internal static string Spell(string text)
        => string.Create(System.Text.Encoding.UTF8.GetByteCount(text), text, static (characters, source) =>
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(source);
            for (int i = 0; i < characters.Length; i++)
            {
                characters[i] = ToCharacter[bytes[i]];
            }
        });

    private static char[] BuildForward()
    {
        var map = new char[256];
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            map[value] = printable ? (char)value : (char)next++;
        }

        return map;
    }

    private static short[] BuildBackward()
    {
        var map = new short[ToCharacter.Max() + 1];
        Array.Fill(map, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            map[ToCharacter[value]] = (short)value;
        }

        return map;
    }
}
