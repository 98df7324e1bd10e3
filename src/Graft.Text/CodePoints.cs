namespace Graft.Text;

/// <summary>Counting and indexing by code points.</summary>
internal static class CodePoints
{
    /// <summary>Number of code points of a text.</summary>
    internal static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        foreach (char unit in text)
        {
            count -= char.IsLowSurrogate(unit) ? 1 : 0;
        }

        return count;
    }

    /// <summary>For every UTF-16 index (and the end) the number of code points before it; null where that is the index itself.</summary>
    internal static int[]? IndexOf(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF') < 0)
        {
            return null;
        }

        var index = new int[text.Length + 1];
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            index[i] = count;
            count += char.IsHighSurrogate(text[i]) ? 0 : 1;
        }

        index[^1] = count;
        return index;
    }

    /// <summary>The text with U+FFFD for every surrogate that has no partner; the same length.</summary>
    internal static string Repair(string text)
    {
        for (int i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return RepairFrom(text, i);
            }
        }

        return text;
    }

    private static string RepairFrom(string text, int first)
        => string.Create(text.Length, (text, first), static (characters, state) =>
        {
            state.text.CopyTo(characters);
            for (int i = state.first; i < characters.Length; i++)
            {
                if (char.IsHighSurrogate(characters[i]) && i + 1 < characters.Length && char.IsLowSurrogate(characters[i + 1]))
                {
                    i++;
                }
                else if (char.IsSurrogate(characters[i]))
                {
                    characters[i] = '\uFFFD';
                }
            }
        });
}
