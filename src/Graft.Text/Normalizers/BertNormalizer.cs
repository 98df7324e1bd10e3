using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>BertNormalizer</c>: cleans, puts ideographs between spaces, strips accents, lowers case, each on request.</summary>
internal sealed class BertNormalizer(bool cleanText, bool handleChineseChars, bool stripAccents, bool lowercase) : INormalizer
{
    private static readonly Rune Space = new(' ');
    private static readonly NormalFormNormalizer Decompose = new(compose: false, compatibility: false);
    private static readonly LowercaseNormalizer Lowercase = new();

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        text = cleanText ? CharacterMapNormalizer.BertClean.Normalize(text) : text;
        text = handleChineseChars && !Ascii.IsValid(text.Characters) ? SpaceIdeographs(text) : text;
        text = stripAccents ? CharacterMapNormalizer.BertAccents.Normalize(Decompose.Normalize(text)) : text;
        return lowercase ? Lowercase.Normalize(text) : text;
    }

    private static AlignedText SpaceIdeographs(AlignedText text)
    {
        var rewriter = new TextRewriter(text);
        while (!rewriter.AtEnd)
        {
            Rune rune = rewriter.Next;
            if (CharacterClasses.BertIdeographs.Contains(rune.Value))
            {
                rewriter.Replace(Space);
                rewriter.Insert(rune);
                rewriter.Insert(Space);
            }
            else
            {
                rewriter.Keep();
            }
        }

        return rewriter.ToText();
    }
}
