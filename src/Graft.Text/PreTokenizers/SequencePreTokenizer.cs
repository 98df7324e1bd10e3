using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>Sequence</c>: one after the other.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> parts) : IPreTokenizer
{
    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        foreach (IPreTokenizer part in parts)
        {
            part.PreTokenize(text);
        }
    }
}
