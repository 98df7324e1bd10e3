using System.Text;

namespace Graft.Text.Models;

/// <summary>Longest match first; a piece that cannot be matched to its end, or is too long, is unknown as a whole.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    private readonly string _unknownToken;
    private readonly string _prefix;
    private readonly int _mostCharacters;
    private readonly int _unknown;
    private readonly int _longestToken;

    /// <summary>A model of a vocabulary.</summary>
    internal WordPieceModel(Vocabulary vocabulary, string unknownToken, string continuingSubwordPrefix, int maxInputCharsPerWord)
    {
        Vocabulary = vocabulary;
        _unknownToken = unknownToken;
        _prefix = continuingSubwordPrefix;
        _mostCharacters = maxInputCharsPerWord;
        _unknown = vocabulary.TryGetId(unknownToken, out int id) ? id : -1;
        _longestToken = vocabulary.Entries.Select(entry => entry.Key.Length).DefaultIfEmpty().Max();
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        int before = tokens.Count;
        if (CodePoints.Count(piece) <= _mostCharacters && TryMatch(piece, tokens))
        {
            return;
        }

        tokens.RemoveRange(before, tokens.Count - before);
        tokens.Add(new ModelToken(
            _unknown >= 0 ? _unknown : throw new InvalidDataException($"'{piece}' cannot be spelled in the vocabulary, and the model's unk_token '{_unknownToken}' is not in it"),
            0,
            piece.Length));
    }

    private bool TryMatch(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        Span<char> candidate = stackalloc char[256];
        candidate = _longestToken <= candidate.Length ? candidate : new char[_longestToken];
        for (int start = 0; start < piece.Length;)
        {
            ReadOnlySpan<char> prefix = start == 0 ? string.Empty : _prefix;
            int end = Math.Min(piece.Length, start + _longestToken - prefix.Length);
            bool found = false;
            for (; end > start && !found; end -= found ? 0 : 1)
            {
                prefix.CopyTo(candidate);
                piece[start..end].CopyTo(candidate[prefix.Length..]);
                if (Vocabulary.TryGetId(candidate[..(prefix.Length + end - start)], out int id))
                {
                    tokens.Add(new ModelToken(id, start, end));
                    found = true;
                }
            }

            if (!found)
            {
                return false;
            }

            start = end;
        }

        return true;
    }
}
