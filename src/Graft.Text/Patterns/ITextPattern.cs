namespace Graft.Text.Patterns;

/// <summary>Something that occurs in texts: a regular expression, a literal string, a class of characters.</summary>
internal interface ITextPattern
{
    /// <summary>A search of texts of <paramref name="length"/> UTF-16 units in all; one search serves one thread.</summary>
    ITextSearch Search(int length);
}

/// <summary>A search for a pattern.</summary>
internal interface ITextSearch
{
    /// <summary>The leftmost occurrence that starts at or after <paramref name="from"/>.</summary>
    bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end);
}
