namespace Graft.Text.SentencePieces;

/// <summary>The segmentation of highest total score (Kudo 2018), found by Viterbi's algorithm in one pass.</summary>
/// <remarks>Scores add up in fp32, and equal ones go to the token that begins first, as in the reference.</remarks>
internal sealed class UnigramCutter : ISentencePieceCutter
{
    private const float UnknownPenalty = 10;
    private const double SymbolPenalty = 0.1;

    private readonly SentencePieceTable _table;
    private readonly float _unknownScore;
    private readonly float _largestScore;

    internal UnigramCutter(SentencePieceTable table)
    {
        _table = table;
        float smallest = float.MaxValue;

        // The reference starts from the smallest positive number, so that it is the largest score of usual models.
        _largestScore = 1.17549435e-38f;
        foreach (SentencePiece piece in table.Pieces.Where(piece => piece.Kind == SentencePieceKind.Normal))
        {
            smallest = Math.Min(smallest, piece.Score);
            _largestScore = Math.Max(_largestScore, piece.Score);
        }

        _unknownScore = smallest - UnknownPenalty;
    }

    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> text, List<SentencePieceSegment> segments)
    {
        // For every place where a token can end: the best one that does.
        var best = new (int Start, int Id, float Score)[text.Length + 1];
        Array.Fill(best, (-1, -1, 0f));
        for (int start = 0; start < text.Length;)
        {
            int width = SentencePieceTable.CharacterLength(text[start..]);
            float before = best[start].Score;
            bool isSpelled = false;
            int node = 0;
            for (int end = start; end < text.Length && _table.Texts.TryStep(ref node, text[end]);)
            {
                end++;
                int id = _table.Texts.ValueAt(node);
                if (id >= 0 && _table.Pieces[id].Kind != SentencePieceKind.Unused)
                {
                    Offer(ref best[end], start, id, ScoreOf(id, end - start) + before);
                    isSpelled |= end - start == width;
                }
            }

            if (!isSpelled)
            {
                Offer(ref best[start + width], start, _table.UnknownId, _unknownScore + before);
            }

            start += width;
        }

        int first = segments.Count;
        for (int end = text.Length; end > 0; end = best[end].Start)
        {
            segments.Add(new SentencePieceSegment(end - best[end].Start, best[end].Id));
        }

        segments.Reverse(first, segments.Count - first);
    }

    // User-defined symbols score so high that they are always taken.
    private double ScoreOf(int id, int length)
        => _table.Pieces[id].Kind == SentencePieceKind.UserDefined ? (length * _largestScore) - SymbolPenalty : _table.Pieces[id].Score;

    private static void Offer(ref (int Start, int Id, float Score) best, int start, int id, double score)
    {
        if (best.Start < 0 || score > best.Score)
        {
            best = (start, id, (float)score);
        }
    }
}
