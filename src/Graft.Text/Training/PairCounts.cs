using System.Runtime.InteropServices;

namespace Graft.Text.Training;

/// <summary>Two neighbouring tokens.</summary>
internal readonly record struct TokenPair(int Left, int Right) : IComparable<TokenPair>
{
    /// <inheritdoc/>
    public int CompareTo(TokenPair other) => Left != other.Left ? Left.CompareTo(other.Left) : Right.CompareTo(other.Right);
}

/// <summary>
/// How often each pair of tokens occurs, in which words, and which is the most frequent. Of equally frequent pairs the one with the
/// lower ids goes first, so that the outcome depends on the texts alone.
/// </summary>
internal sealed class PairCounts
{
    private readonly Dictionary<TokenPair, long> _counts = [];
    private readonly Dictionary<TokenPair, List<int>> _words = [];
    private readonly PriorityQueue<TokenPair, (long Count, TokenPair Pair)> _candidates
        = new(Comparer<(long Count, TokenPair Pair)>.Create((a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Pair.CompareTo(b.Pair)));

    private readonly HashSet<TokenPair> _changed = [];

    /// <summary>Counts a pair <paramref name="times"/> more often (or less, if negative) in a word.</summary>
    internal void Add(TokenPair pair, long times, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += times;
        if (times <= 0)
        {
            return;
        }

        ref List<int>? words = ref CollectionsMarshal.GetValueRefOrAddDefault(_words, pair, out _);
        words ??= [];
        if (words.Count == 0 || words[^1] != word)
        {
            words.Add(word);
        }

        _changed.Add(pair);
    }

    /// <summary>Takes the most frequent pair out; false if none is left that occurs.</summary>
    internal bool TryTakeMostFrequent(out TokenPair pair, out long count)
    {
        foreach (TokenPair changed in _changed)
        {
            _candidates.Enqueue(changed, (_counts[changed], changed));
        }

        _changed.Clear();
        while (_candidates.TryDequeue(out pair, out (long Count, TokenPair Pair) seen))
        {
            count = _counts.GetValueOrDefault(pair);
            if (count == seen.Count && count > 0)
            {
                return true;
            }

            // Merges since have made the pair rarer; a later entry exists if they made it more frequent.
            if (count > 0 && count < seen.Count)
            {
                _candidates.Enqueue(pair, (count, pair));
            }
        }

        count = 0;
        return false;
    }

    /// <summary>The words that a pair has been counted in, some of which may have lost it since; forgets the pair.</summary>
    internal List<int> Remove(TokenPair pair)
    {
        _counts.Remove(pair);
        return _words.Remove(pair, out List<int>? words) ? words : [];
    }
}
