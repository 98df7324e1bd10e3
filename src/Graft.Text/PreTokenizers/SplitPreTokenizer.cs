using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>Split</c>, <c>CharDelimiterSplit</c>, <c>WhitespaceSplit</c>, <c>Whitespace</c>, <c>Punctuation</c> and <c>Digits</c>: cuts at a pattern.</summary>
internal sealed class SplitPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text) => PieceSplitter.Split(text, pattern, behavior, invert);
}
