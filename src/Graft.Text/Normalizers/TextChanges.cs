using System.Text;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary>
/// A rewritten text as a list of characters with what each did to the old one: 1 was inserted, 0 replaced one character, -n
/// replaced one and swallowed the n after it.
/// </summary>
internal static class TextChanges
{
    /// <summary>The new text, aligned with the original.</summary>
    internal static AlignedText Apply(AlignedText text, List<(Rune Rune, int Change)> changes)
    {
        var rewriter = new TextRewriter(text);
        foreach ((Rune rune, int change) in changes)
        {
            if (change > 0 || rewriter.AtEnd)
            {
                rewriter.Insert(rune);
                continue;
            }

            rewriter.Replace(rune);
            for (int i = 0; i < -change && !rewriter.AtEnd; i++)
            {
                rewriter.Skip();
            }
        }

        return rewriter.ToText();
    }
}
