using System.Text;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>Prepend</c>: puts a string in front of a text that is not empty. It stands for the text's first character.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var rewriter = new TextRewriter(text);
        TextRange first = text.SourceOf(new TextRange(0, rewriter.Next.Utf16SequenceLength));
        foreach (Rune rune in prefix.EnumerateRunes())
        {
            rewriter.Append(rune, first);
        }

        rewriter.KeepTo(text.Length);
        return rewriter.ToText();
    }
}
