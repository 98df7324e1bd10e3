using Graft.Text.Characters;
using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>BertPreTokenizer</c>: white space vanishes, every punctuation character is a piece.</summary>
internal sealed class BertPreTokenizer : IPreTokenizer
{
    private static readonly CharacterPattern WhiteSpace = new(CharacterClasses.WhiteSpace);
    private static readonly CharacterPattern Punctuation = new(CharacterClasses.Punctuation);

    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        PieceSplitter.Split(text, WhiteSpace, SplitBehavior.Removed, invert: false);
        PieceSplitter.Split(text, Punctuation, SplitBehavior.Isolated, invert: false);
    }
}
