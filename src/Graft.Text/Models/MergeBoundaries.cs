namespace Graft.Text.Models;

/// <summary>
/// Finds where a long piece can be cut without changing how it merges: between two characters that stand next to each other in
/// no token. Without a pre-tokenizer (Llama, Mistral) a whole text is one piece; cut like this it merges, and is remembered, word
/// by word.
/// </summary>
internal sealed class MergeBoundaries
{
    private readonly HashSet<int> _neighbours = [];

    /// <summary>Collects the neighbours in every token.</summary>
    internal MergeBoundaries(Vocabulary vocabulary)
    {
        foreach ((string token, _) in vocabulary.Entries)
        {
            for (int i = 0; i + 1 < token.Length; i++)
            {
                _neighbours.Add(Key(token[i], token[i + 1]));
            }
        }
    }

    /// <summary>
    /// Where the part of <paramref name="piece"/> that begins at <paramref name="start"/> ends. Characters outside the vocabulary are
    /// never at a cut: neighbouring ones may have to become one token.
    /// </summary>
    internal int NextEnd(ReadOnlySpan<char> piece, int start, Vocabulary vocabulary)
    {
        for (int end = start + 1; end < piece.Length; end++)
        {
            char before = piece[end - 1];
            char after = piece[end];
            if (!_neighbours.Contains(Key(before, after)) && IsSymbol(before, vocabulary) && IsSymbol(after, vocabulary))
            {
                return end;
            }
        }

        return piece.Length;
    }

    private static bool IsSymbol(char unit, Vocabulary vocabulary) => !char.IsSurrogate(unit) && vocabulary.TryGetId([unit], out _);

    private static int Key(char left, char right) => (left << 16) | right;
}
