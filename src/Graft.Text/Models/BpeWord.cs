using System.Text;

namespace Graft.Text.Models;

/// <summary>The symbols of one piece while they merge. Lengths are in UTF-8 bytes, as in the tokenizers library.</summary>
internal ref struct BpeWord
{
    /// <summary>Up to this many symbols scanning for the best pair beats keeping a heap.</summary>
    private const int LongestScanned = 48;

    private int[] _ids;
    private int[] _bytes;
    private int _count;

    /// <summary>An empty word with room for <paramref name="capacity"/> symbols.</summary>
    internal BpeWord(int capacity)
    {
        _ids = new int[capacity];
        _bytes = new int[capacity];
    }

    /// <summary>Appends a symbol.</summary>
    internal void Add(int id, int bytes)
    {
        if (_count == _ids.Length)
        {
            Array.Resize(ref _ids, Math.Max(4, 2 * _count));
            Array.Resize(ref _bytes, _ids.Length);
        }

        _ids[_count] = id;
        _bytes[_count++] = bytes;
    }

    /// <summary>
    /// Merges until nothing is left to merge. With dropout each candidate is passed over with that probability; the draw
    /// depends on the piece alone, so a text always encodes the same way.
    /// </summary>
    internal void MergeAll(MergeTable merges, double dropout, ReadOnlySpan<char> piece)
    {
        if (dropout > 0)
        {
            MergeByHeap(merges, dropout, new Random(StableHash(piece)));
        }
        else if (_count > LongestScanned)
        {
            MergeByHeap(merges, 0, null);
        }
        else
        {
            MergeByScan(merges);
        }
    }

    /// <summary>Appends the symbols with the UTF-16 ranges of <paramref name="piece"/> that hold their bytes.</summary>
    internal readonly void CopyTo(List<ModelToken> tokens, ReadOnlySpan<char> piece)
    {
        bool ascii = Ascii.IsValid(piece);
        var walk = new ByteWalk(piece);
        int position = 0;
        for (int i = 0; i < _count; i++)
        {
            int end = position + _bytes[i];
            tokens.Add(ascii
                ? new ModelToken(_ids[i], position, end)
                : new ModelToken(_ids[i], walk.StartOf(position), walk.EndOf(end - 1)));
            position = end;
        }
    }

    private void MergeByScan(MergeTable merges)
    {
        Span<int> ranks = stackalloc int[LongestScanned];
        Span<int> results = stackalloc int[LongestScanned];
        for (int i = 0; i + 1 < _count; i++)
        {
            Rank(merges, i, ranks, results);
        }

        while (_count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < _count; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }

            if (ranks[best] == int.MaxValue)
            {
                return;
            }

            _ids[best] = results[best];
            _bytes[best] += _bytes[best + 1];
            int moved = _count - best - 2;
            _ids.AsSpan(best + 2, moved).CopyTo(_ids.AsSpan(best + 1));
            _bytes.AsSpan(best + 2, moved).CopyTo(_bytes.AsSpan(best + 1));
            if (moved > 0)
            {
                ranks.Slice(best + 2, moved - 1).CopyTo(ranks[(best + 1)..]);
                results.Slice(best + 2, moved - 1).CopyTo(results[(best + 1)..]);
            }

            _count--;
            if (best > 0)
            {
                Rank(merges, best - 1, ranks, results);
            }

            if (best + 1 < _count)
            {
                Rank(merges, best, ranks, results);
            }
        }
    }

    private readonly void Rank(MergeTable merges, int left, Span<int> ranks, Span<int> results)
        => (ranks[left], results[left]) = merges.TryGet(_ids[left], _ids[left + 1], out Merge merge) ? (merge.Rank, merge.Id) : (int.MaxValue, 0);

    /// <summary>A heap of candidates over a linked list of symbols: n log n, however long the piece.</summary>
    private void MergeByHeap(MergeTable merges, double dropout, Random? random)
    {
        var next = new int[_count];
        var previous = new int[_count];
        var candidates = new CandidateHeap(_count);
        var skipped = new List<long>();
        for (int i = 0; i < _count; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1);
        }

        for (int i = 0; i + 1 < _count; i++)
        {
            Offer(merges, candidates, i, i + 1);
        }

        while (candidates.TryTake(out long key))
        {
            if (random is not null && random.NextDouble() < dropout)
            {
                skipped.Add(key);
                continue;
            }

            skipped.ForEach(candidates.Add);
            skipped.Clear();
            int left = (int)(uint)key;
            int right = _bytes[left] == 0 ? _count : next[left];
            if (right >= _count || !merges.TryGet(_ids[left], _ids[right], out Merge merge) || KeyOf(merge.Rank, left) != key)
            {
                continue;
            }

            _ids[left] = merge.Id;
            _bytes[left] += _bytes[right];
            _bytes[right] = 0;
            next[left] = next[right];
            if (next[left] < _count)
            {
                previous[next[left]] = left;
                Offer(merges, candidates, left, next[left]);
            }

            if (previous[left] >= 0)
            {
                Offer(merges, candidates, previous[left], left);
            }
        }

        Compact();
    }

    private readonly void Offer(MergeTable merges, CandidateHeap candidates, int left, int right)
    {
        if (merges.TryGet(_ids[left], _ids[right], out Merge merge))
        {
            candidates.Add(KeyOf(merge.Rank, left));
        }
    }

    private static long KeyOf(int rank, int position) => ((long)rank << 32) | (uint)position;

    /// <summary>Drops the symbols that were merged away: those without bytes.</summary>
    private void Compact()
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_bytes[i] > 0)
            {
                (_ids[kept], _bytes[kept]) = (_ids[i], _bytes[i]);
                kept++;
            }
        }

        _count = kept;
    }

    private static int StableHash(ReadOnlySpan<char> piece)
    {
        uint hash = 2166136261;
        foreach (char unit in piece)
        {
            hash = (hash ^ unit) * 16777619;
        }

        return (int)hash;
    }
}
