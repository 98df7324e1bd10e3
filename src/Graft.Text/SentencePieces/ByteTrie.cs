namespace Graft.Text.SentencePieces;

/// <summary>Byte strings with a number each, for finding which of them a text begins with.</summary>
/// <remarks>The children of a node lie side by side in the order of their bytes, so that looking for one is a vectorised search in a short span.</remarks>
internal sealed class ByteTrie
{
    private readonly byte[] _labels;
    private readonly int[] _firstChild;
    private readonly int[] _childCount;
    private readonly int[] _values;

    /// <summary>Builds it.</summary>
    /// <param name="keys">Strings that are not empty, each once, with a value from 0 on.</param>
    internal ByteTrie(IEnumerable<(byte[] Key, int Value)> keys)
    {
        (byte[] Key, int Value)[] sorted = [.. keys];
        Array.Sort(sorted, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        var labels = new List<byte> { 0 };
        var firstChild = new List<int>();
        var childCount = new List<int>();
        var values = new List<int> { -1 };

        // Level by level: a node stands for the keys from First to End - 1, which share their first Depth bytes.
        var open = new Queue<(int First, int End, int Depth)>([(0, sorted.Length, 0)]);
        while (open.TryDequeue(out (int First, int End, int Depth) node))
        {
            firstChild.Add(labels.Count);
            int before = labels.Count;
            int first = node.First;
            while (first < node.End && sorted[first].Key.Length == node.Depth)
            {
                first++;
            }

            while (first < node.End)
            {
                byte label = sorted[first].Key[node.Depth];
                int end = first + 1;
                while (end < node.End && sorted[end].Key[node.Depth] == label)
                {
                    end++;
                }

                labels.Add(label);
                values.Add(sorted[first].Key.Length == node.Depth + 1 ? sorted[first].Value : -1);
                open.Enqueue((first, end, node.Depth + 1));
                first = end;
            }

            childCount.Add(labels.Count - before);
        }

        _labels = [.. labels];
        _firstChild = [.. firstChild];
        _childCount = [.. childCount];
        _values = [.. values];
    }

    /// <summary>Whether there are no keys.</summary>
    internal bool IsEmpty => _labels.Length == 1;

    /// <summary>Follows one byte from a node (0: the root); false where no key goes on that way.</summary>
    internal bool TryStep(ref int node, byte value)
    {
        int first = _firstChild[node];
        int child = _labels.AsSpan(first, _childCount[node]).IndexOf(value);
        node = first + child;
        return child >= 0;
    }

    /// <summary>The value of the key that ends at a node, or -1.</summary>
    internal int ValueAt(int node) => _values[node];

    /// <summary>The value of a key, or -1.</summary>
    internal int Find(ReadOnlySpan<byte> key)
    {
        int node = 0;
        foreach (byte value in key)
        {
            if (!TryStep(ref node, value))
            {
                return -1;
            }
        }

        return _values[node];
    }

    /// <summary>Length of the longest key that <paramref name="text"/> begins with; 0 for none.</summary>
    internal int LongestPrefix(ReadOnlySpan<byte> text)
    {
        int node = 0;
        int longest = 0;
        for (int i = 0; i < text.Length && TryStep(ref node, text[i]); i++)
        {
            longest = _values[node] >= 0 ? i + 1 : longest;
        }

        return longest;
    }
}
