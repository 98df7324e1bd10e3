using System.Text;
using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>Replace</c>: puts a string in place of every occurrence of a pattern. It stands for the occurrence's last character.</summary>
internal sealed class ReplaceNormalizer(ITextPattern pattern, string content) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        var occurrences = new Occurrences(pattern.Search(text.Length), text.Characters);
        if (!occurrences.TryNext(out TextRange found))
        {
            return text;
        }

        var rewriter = new TextRewriter(text);
        do
        {
            rewriter.KeepTo(found.Start);
            rewriter.SkipTo(found.End);
            foreach (Rune rune in content.EnumerateRunes())
            {
                rewriter.Insert(rune);
            }
        }
        while (occurrences.TryNext(out found));

        rewriter.KeepTo(text.Length);
        return rewriter.ToText();
    }
}
