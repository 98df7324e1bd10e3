namespace Graft.Text.Patterns;

/// <summary>A string that stands for itself.</summary>
internal sealed class LiteralPattern(string literal) : ITextPattern, ITextSearch
{
    /// <inheritdoc/>
    public ITextSearch Search(int length) => this;

    /// <inheritdoc/>
    public bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        int found = text[from..].IndexOf(literal, StringComparison.Ordinal);
        (start, end) = (from + found, from + found + literal.Length);
        return found >= 0;
    }
}
