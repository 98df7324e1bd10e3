using System.Text;

namespace Graft.Text.Characters;

/// <summary>Lower case, character by character, without regard to neighbours.</summary>
internal static class LowercaseMap
{
    private const int DottedCapitalI = 0x130;
    private static readonly Lazy<Dictionary<int, int>> Map = new(Read);

    /// <summary>Lower case of a character; the second one is U+0307 for U+0130 and absent for every other.</summary>
    internal static (Rune First, Rune? Second) Of(Rune rune)
    {
        if (rune.IsAscii)
        {
            return (rune.Value is >= 'A' and <= 'Z' ? new Rune(rune.Value | 0x20) : rune, null);
        }

        if (rune.Value == DottedCapitalI)
        {
            return (new Rune('i'), new Rune(0x307));
        }

        return (Map.Value.TryGetValue(rune.Value, out int lower) ? new Rune(lower) : rune, null);
    }

    private static Dictionary<int, int> Read()
    {
        var map = new Dictionary<int, int>();
        var numbers = new PackedNumbers(CharacterTables.Lowercase);
        int codePoint = 0;
        while (numbers.HasMore)
        {
            codePoint += numbers.Next();
            int zigzag = numbers.Next();
            map[codePoint] = codePoint + ((zigzag & 1) == 0 ? zigzag / 2 : -((zigzag + 1) / 2));
        }

        return map;
    }
}
