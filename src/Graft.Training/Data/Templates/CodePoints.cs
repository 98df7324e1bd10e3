namespace Graft.Training.Data;

/// <summary>Counts text in Unicode code points, the unit of token offsets; a .NET string counts UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>Code points in <paramref name="text"/>; half of a surrogate pair counts as one.</summary>
    public static int CountIn(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        for (int i = 1; i < text.Length; i++)
        {
            count -= char.IsSurrogatePair(text[i - 1], text[i]) ? 1 : 0;
        }

        return count;
    }

    /// <summary>The index into <paramref name="text"/> of every code point, and its length at the end.</summary>
    public static int[] IndexesIn(string text)
    {
        int[] indexes = new int[CountIn(text) + 1];
        int next = 0;
        for (int i = 0; i < text.Length; i++)
        {
            indexes[next++] = i;
            i += i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 1 : 0;
        }

        indexes[next] = text.Length;
        return indexes;
    }
}
