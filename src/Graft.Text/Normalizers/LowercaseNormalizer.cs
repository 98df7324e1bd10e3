using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>Lowercase</c>: character by character, so that a final capital sigma becomes σ.</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        if (Ascii.IsValid(text.Characters))
        {
            var lower = new char[text.Length];
            Ascii.ToLower(text.Characters, lower, out _);
            return text.WithCharacters(lower);
        }

        var rewriter = new TextRewriter(text);
        while (!rewriter.AtEnd)
        {
            (Rune first, Rune? second) = LowercaseMap.Of(rewriter.Next);
            rewriter.Replace(first);
            if (second is { } more)
            {
                rewriter.Insert(more);
            }
        }

        return rewriter.ToText();
    }
}
