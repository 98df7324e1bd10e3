namespace Graft.Text.Training;

/// <summary>A piece of the training texts as the tokens it has merged to so far, and how often it occurs.</summary>
internal sealed class TrainingWord(IEnumerable<int> tokens, long count)
{
    private int[] _tokens = tokens.ToArray();

    /// <summary>Counts every pair of neighbours.</summary>
    internal void CountPairs(PairCounts counts, int word)
    {
        for (int i = 0; i + 1 < _tokens.Length; i++)
        {
            counts.Add(new TokenPair(_tokens[i], _tokens[i + 1]), count, word);
        }
    }

    /// <summary>Merges every occurrence of a pair, from left to right, and counts the pairs that go and come.</summary>
    internal void Merge(TokenPair pair, int merged, PairCounts counts, int word)
    {
        int kept = 0;
        int length = _tokens.Length;
        for (int i = 0; i < length; i++)
        {
            if (i + 1 >= length || _tokens[i] != pair.Left || _tokens[i + 1] != pair.Right)
            {
                _tokens[kept++] = _tokens[i];
                continue;
            }

            if (kept > 0)
            {
                counts.Add(new TokenPair(_tokens[kept - 1], pair.Left), -count, word);
                counts.Add(new TokenPair(_tokens[kept - 1], merged), count, word);
            }

            if (i + 2 < length)
            {
                counts.Add(new TokenPair(pair.Right, _tokens[i + 2]), -count, word);
                counts.Add(new TokenPair(merged, _tokens[i + 2]), count, word);
            }

            _tokens[kept++] = merged;
            i++;
        }

        Array.Resize(ref _tokens, kept);
    }
}
