using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary>Cuts pieces at the occurrences of a pattern.</summary>
internal static class PieceSplitter
{
    /// <summary>Cuts every piece; with <paramref name="invert"/> at what lies between the occurrences.</summary>
    internal static void Split(PreTokenizedText text, ITextPattern pattern, SplitBehavior behavior, bool invert)
    {
        ITextSearch search = pattern.Search(text.Text.Length);
        var pieces = new List<TextRange>(text.Pieces.Count + (text.Text.Length / 6));
        var parts = new List<(TextRange Range, bool IsDelimiter)>();
        ReadOnlySpan<char> all = text.Text.Characters;
        foreach (TextRange piece in text.Pieces)
        {
            ReadOnlySpan<char> characters = all[piece.Start..piece.End];
            if (behavior == SplitBehavior.Isolated)
            {
                Isolate(characters, search, piece.Start, pieces);
                continue;
            }

            parts.Clear();
            FindParts(characters, search, invert, parts);
            Combine(parts, behavior, piece.Start, pieces);
        }

        text.SetPieces(pieces);
    }

    /// <summary>Matches and gaps alike are pieces: no need to know which is which.</summary>
    private static void Isolate(ReadOnlySpan<char> text, ITextSearch search, int offset, List<TextRange> pieces)
    {
        int done = 0;
        var occurrences = new Occurrences(search, text);
        while (occurrences.TryNext(out TextRange found))
        {
            Add(pieces, offset + done, offset + found.Start);
            Add(pieces, offset + found.Start, offset + found.End);
            done = found.End;
        }

        Add(pieces, offset + done, offset + text.Length);
    }

    private static void FindParts(ReadOnlySpan<char> text, ITextSearch search, bool invert, List<(TextRange Range, bool IsDelimiter)> parts)
    {
        int done = 0;
        var occurrences = new Occurrences(search, text);
        while (occurrences.TryNext(out TextRange found))
        {
            if (found.Start > done)
            {
                parts.Add((new TextRange(done, found.Start), invert));
            }

            parts.Add((found, !invert));
            done = found.End;
        }

        if (done < text.Length)
        {
            parts.Add((new TextRange(done, text.Length), invert));
        }
    }

    private static void Combine(List<(TextRange Range, bool IsDelimiter)> parts, SplitBehavior behavior, int offset, List<TextRange> pieces)
    {
        for (int i = 0; i < parts.Count;)
        {
            int start = i;
            switch (behavior)
            {
                case SplitBehavior.Removed when parts[i].IsDelimiter:
                    i++;
                    continue;
                case SplitBehavior.Contiguous:
                    while (++i < parts.Count && parts[i].IsDelimiter == parts[start].IsDelimiter)
                    {
                    }

                    break;
                case SplitBehavior.MergedWithPrevious:
                    i += !parts[i].IsDelimiter && i + 1 < parts.Count && parts[i + 1].IsDelimiter ? 2 : 1;
                    break;
                case SplitBehavior.MergedWithNext:
                    i += parts[i].IsDelimiter && i + 1 < parts.Count && !parts[i + 1].IsDelimiter ? 2 : 1;
                    break;
                default:
                    i++;
                    break;
            }

            Add(pieces, offset + parts[start].Range.Start, offset + parts[i - 1].Range.End);
        }
    }

    private static void Add(List<TextRange> pieces, int start, int end)
    {
        if (end > start)
        {
            pieces.Add(new TextRange(start, end));
        }
    }
}
