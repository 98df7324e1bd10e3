using System.Text;

namespace Graft.Text.Tests;

/// <summary>Texts that mix scripts, white space, emoji and control characters.</summary>
internal static class RandomTexts
{
    private static readonly string[] Parts
        = ["a", "the ", " cat", "é", "e\u0301", "你", "😀", "👩‍👩‍👧", " ", "  ", "\n", "\t", "\u00A0", "\u200B", "\uFEFF", "\0", "1", "½", ".", "!?", "'s", "<s>", "Ġ", "\uFFFD", "\u2028"];

    /// <summary>A text of up to <paramref name="most"/> parts.</summary>
    internal static string Next(Random random, int most)
    {
        var text = new StringBuilder();
        for (int i = random.Next(most); i > 0; i--)
        {
            text.Append(random.Next(8) == 0 ? Character(random) : Parts[random.Next(Parts.Length)]);
        }

        return text.ToString();
    }

    private static string Character(Random random)
    {
        int code = random.Next(0x110000);
        return Rune.IsValid(code) ? new Rune(code).ToString() : "?";
    }
}
