using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary>Where <c>Metaspace</c> puts its mark in front of a piece.</summary>
internal enum PrependScheme
{
    /// <summary>Everywhere.</summary>
    Always,

    /// <summary>At the start of the text only.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}

/// <summary><c>Metaspace</c>: spaces become a visible mark that begins the piece after it.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    private readonly LiteralPattern _mark = new(replacement.ToString());

    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        var rewriter = new TextRewriter(text.Text);
        var pieces = new List<TextRange>(text.Pieces.Count);
        foreach (TextRange piece in text.Pieces)
        {
            int start = rewriter.Length;
            TextRange first = FirstCharacter(text.Text, piece);
            char initial = text.Text.Characters[piece.Start];
            bool wanted = scheme == PrependScheme.Always || (scheme == PrependScheme.First && first.Start == 0);
            if (wanted && initial != ' ' && initial != replacement)
            {
                rewriter.Append(replacement, first);
            }

            for (int i = piece.Start; i < piece.End; i++)
            {
                char unit = text.Text.Characters[i];
                rewriter.Append(unit == ' ' ? replacement : unit, text.Text.SourceOf(i));
            }

            pieces.Add(new TextRange(start, rewriter.Length));
        }

        text.Rewrite(rewriter.ToText(), pieces);
        if (split)
        {
            PieceSplitter.Split(text, _mark, SplitBehavior.MergedWithNext, invert: false);
        }
    }

    private static TextRange FirstCharacter(AlignedText text, TextRange piece)
        => text.SourceOf(new TextRange(piece.Start, piece.Start + (char.IsHighSurrogate(text.Characters[piece.Start]) ? 2 : 1)));
}
