using System.Text;
using Graft.Text.Characters;
using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary>Removes the characters of one set and turns those of another into spaces.</summary>
internal sealed class CharacterMapNormalizer(CharacterSet removed, CharacterSet space) : INormalizer
{
    private readonly CharacterPattern _changed = new(CharacterSet.Union(removed, space.Intersect(CharacterSet.Range(' ', ' ').Complement())));
    private static readonly Rune Space = new(' ');

    /// <summary><c>Nmt</c>.</summary>
    internal static CharacterMapNormalizer Nmt { get; } = new(CharacterClasses.NmtRemoved, CharacterClasses.NmtSpace);

    /// <summary><c>StripAccents</c>: every mark goes; nothing is decomposed for that.</summary>
    internal static CharacterMapNormalizer StripAccents { get; } = new(CharacterClasses.Marks, CharacterSet.Empty);

    /// <summary>What BertNormalizer does for <c>clean_text</c>.</summary>
    internal static CharacterMapNormalizer BertClean { get; } = new(CharacterClasses.BertControl, CharacterClasses.BertSpace);

    /// <summary>The second half of what BertNormalizer does for <c>strip_accents</c>.</summary>
    internal static CharacterMapNormalizer BertAccents { get; } = new(CharacterClasses.BertAccents, CharacterSet.Empty);

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        if (!_changed.TryFind(text.Characters, 0, out int first, out _))
        {
            return text;
        }

        var rewriter = new TextRewriter(text);
        rewriter.KeepTo(first);
        while (!rewriter.AtEnd)
        {
            int code = rewriter.Next.Value;
            if (removed.Contains(code))
            {
                rewriter.Skip();
            }
            else if (space.Contains(code))
            {
                rewriter.Replace(Space);
            }
            else
            {
                rewriter.Keep();
            }
        }

        return rewriter.ToText();
    }
}
