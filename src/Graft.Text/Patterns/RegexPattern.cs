namespace Graft.Text.Patterns;

/// <summary>A regular expression in Oniguruma's syntax.</summary>
internal sealed class RegexPattern(string source) : ITextPattern
{
    private readonly PatternProgram _program = PatternProgram.Compile(source);

    /// <inheritdoc/>
    public ITextSearch Search(int length) => new RegexSearch(new PatternMatcher(_program, length));

    private sealed class RegexSearch(PatternMatcher matcher) : ITextSearch
    {
        public bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end) => matcher.TryFind(text, from, out start, out end);
    }
}
