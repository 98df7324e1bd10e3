using System.Text;

namespace Graft.Text.Models;

/// <summary>The segmentation of highest total score (Viterbi). Neighbouring unknown characters are one token.</summary>
internal sealed class UnigramModel : ITokenModel
{
    /// <summary>How far below the lowest score an unknown character is.</summary>
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly CharacterTrie _trie = new();
    private readonly int? _unknown;
    private readonly double _unknownScore;
    private readonly int[] _byteTokens;

    /// <summary>A model of pieces and their log probabilities; ids are positions.</summary>
    internal UnigramModel(IReadOnlyList<(string Token, double Score)> pieces, int? unknownId, bool byteFallback)
    {
        var ids = new Dictionary<string, int>(pieces.Count);
        _scores = new double[pieces.Count];
        double lowest = double.PositiveInfinity;
        for (int id = 0; id < pieces.Count; id++)
        {
            (string token, double score) = pieces[id];
            ids[token] = id;
            _scores[id] = score;
            lowest = Math.Min(lowest, score);
            if (token.Length > 0)
            {
                _trie.Add(token, id);
            }
        }

        Vocabulary = new Vocabulary(ids);
        _unknown = unknownId;
        _unknownScore = lowest - UnknownPenalty;
        _byteTokens = byteFallback ? Vocabulary.FindByteTokens() : [];
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        var path = FindBestPath(piece);
        var segments = new List<(int Start, int End, int Id)>();
        for (int end = piece.Length; end > 0; end = path[end].Start)
        {
            bool fuse = path[end].Id < 0 && segments.Count > 0 && segments[^1].Id < 0;
            if (fuse)
            {
                segments[^1] = segments[^1] with { Start = path[end].Start };
            }
            else
            {
                segments.Add((path[end].Start, end, path[end].Id));
            }
        }

        for (int i = segments.Count - 1; i >= 0; i--)
        {
            (int start, int end, int id) = segments[i];
            if (id >= 0)
            {
                tokens.Add(new ModelToken(id, start, end));
            }
            else
            {
                AddUnknown(piece[start..end], start, tokens);
            }
        }
    }

    /// <summary>For every position where a segmentation can end: where its last token begins, which it is (-1: unknown), the score.</summary>
    private (int Start, int Id, double Score)[] FindBestPath(ReadOnlySpan<char> piece)
    {
        var path = new (int Start, int Id, double Score)[piece.Length + 1];
        Array.Fill(path, (-1, -1, 0));
        path[0].Start = 0;
        for (int start = 0; start < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[start..], out _, out int width);
            double before = path[start].Score;
            bool single = false;
            int node = 0;
            for (int end = start + 1; end <= piece.Length && _trie.TryStep(ref node, piece[end - 1]); end++)
            {
                int id = _trie.ValueAt(node);
                if (id >= 0)
                {
                    Offer(ref path[end], start, id == _unknown ? -1 : id, before + _scores[id]);
                    single |= end == start + width;
                }
            }

            if (!single)
            {
                Offer(ref path[start + width], start, -1, before + _unknownScore);
            }

            start += width;
        }

        return path;
    }

    private static void Offer(ref (int Start, int Id, double Score) best, int start, int id, double score)
    {
        if (best.Start < 0 || score > best.Score)
        {
            best = (start, id, score);
        }
    }

    /// <summary>An unknown run can still be a token as a whole; otherwise it is spelled in bytes if they are all there.</summary>
    private void AddUnknown(ReadOnlySpan<char> run, int start, List<ModelToken> tokens)
    {
        int end = start + run.Length;
        if (Vocabulary.TryGetId(run, out int id))
        {
            tokens.Add(new ModelToken(id, start, end));
            return;
        }

        if (_byteTokens.Length > 0)
        {
            byte[] bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(run)];
            System.Text.Encoding.UTF8.GetBytes(run, bytes);
            if (bytes.All(value => _byteTokens[value] >= 0))
            {
                tokens.AddRange(bytes.Select(value => new ModelToken(_byteTokens[value], start, end)));
                return;
            }
        }

        tokens.Add(new ModelToken(
            _unknown ?? throw new InvalidDataException($"'{run}' cannot be spelled in the vocabulary, and the model has no unk_id"), start, end));
    }
}
