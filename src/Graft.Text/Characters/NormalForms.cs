namespace Graft.Text.Characters;

/// <summary>Decomposition, composition and combining classes of single characters.</summary>
internal static class NormalForms
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int Vowels = 21;
    private const int Trails = 28;
    private const int Leads = 19;
    private const int Syllables = Leads * Vowels * Trails;

    private static readonly Lazy<Tables> Data = new(Read);

    /// <summary>The combining class; 0 for starters.</summary>
    internal static int CombiningClass(int codePoint) => Data.Value.Classes.GetValueOrDefault(codePoint);

    /// <summary>Appends the full decomposition of a character.</summary>
    internal static void Decompose(int codePoint, bool compatibility, List<int> output)
    {
        int syllable = codePoint - HangulBase;
        if (syllable is >= 0 and < Syllables)
        {
            output.Add(LeadBase + (syllable / (Vowels * Trails)));
            output.Add(VowelBase + (syllable % (Vowels * Trails) / Trails));
            if (syllable % Trails > 0)
            {
                output.Add(TrailBase + (syllable % Trails));
            }
        }
        else if (Data.Value.Decompositions.TryGetValue(codePoint, out (int[] Parts, bool Compatibility) found) && (compatibility || !found.Compatibility))
        {
            foreach (int part in found.Parts)
            {
                Decompose(part, compatibility, output);
            }
        }
        else
        {
            output.Add(codePoint);
        }
    }

    /// <summary>What two characters compose to, or -1.</summary>
    internal static int Compose(int first, int second)
    {
        int lead = first - LeadBase;
        int vowel = second - VowelBase;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            return HangulBase + (((lead * Vowels) + vowel) * Trails);
        }

        int syllable = first - HangulBase;
        int trail = second - TrailBase;
        if (syllable is >= 0 and < Syllables && syllable % Trails == 0 && trail is > 0 and < Trails)
        {
            return first + trail;
        }

        return Data.Value.Compositions.TryGetValue(((long)first << 32) | (uint)second, out int composed) ? composed : -1;
    }

    private static Tables Read()
    {
        var tables = new Tables([], [], []);
        var numbers = new PackedNumbers(NormalFormTables.Decompositions);
        int codePoint = 0;
        while (numbers.HasMore)
        {
            codePoint += numbers.Next();
            int kind = numbers.Next();
            var parts = new int[kind / 4];
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = numbers.Next();
            }

            tables.Decompositions[codePoint] = (parts, (kind & 1) != 0);
            if ((kind & 2) != 0)
            {
                tables.Compositions[((long)parts[0] << 32) | (uint)parts[1]] = codePoint;
            }
        }

        numbers = new PackedNumbers(NormalFormTables.CombiningClasses);
        for (int next = 0; numbers.HasMore;)
        {
            int first = next + numbers.Next();
            int last = first + numbers.Next();
            int value = numbers.Next();
            for (int c = first; c <= last; c++)
            {
                tables.Classes[c] = value;
            }

            next = last + 1;
        }

        return tables;
    }

    private sealed record Tables(Dictionary<int, (int[] Parts, bool Compatibility)> Decompositions, Dictionary<long, int> Compositions, Dictionary<int, int> Classes);
}
