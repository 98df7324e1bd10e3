using System.Text;
using Graft.Text.Characters;
using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>ByteLevel</c>: cuts as GPT-2 does (on request) and spells every piece in stand-ins for its UTF-8 bytes.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    /// <summary>GPT-2's own pattern.</summary>
    internal const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly Lazy<RegexPattern> Words = new(() => new RegexPattern(Pattern));

    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        if (addPrefixSpace)
        {
            AddPrefixSpaces(text);
        }

        if (useRegex)
        {
            PieceSplitter.Split(text, Words.Value, SplitBehavior.Isolated, invert: false);
        }

        ByteLevelSpelling.Spell(text);
    }

    private static void AddPrefixSpaces(PreTokenizedText text)
    {
        AlignedText old = text.Text;
        var rewriter = new TextRewriter(old);
        var pieces = new List<TextRange>(text.Pieces.Count);
        foreach (TextRange piece in text.Pieces)
        {
            int start = rewriter.Length;
            rewriter.SkipTo(piece.Start);
            if (old.Characters[piece.Start] != ' ')
            {
                rewriter.Append(' ', old.SourceOf(new TextRange(piece.Start, piece.Start + rewriter.Next.Utf16SequenceLength)));
            }

            rewriter.KeepTo(piece.End);
            pieces.Add(new TextRange(start, rewriter.Length));
        }

        text.Rewrite(rewriter.ToText(), pieces);
    }
}
