namespace Graft.Text;

/// <summary>Strings by their UTF-16 units, for finding which of them a text begins with.</summary>
internal sealed class CharacterTrie
{
    private readonly Dictionary<long, int> _children = [];
    private readonly List<int> _values = [-1];

    /// <summary>Whether nothing has been added.</summary>
    internal bool IsEmpty => _children.Count == 0;

    /// <summary>Adds a string that is not empty with a value from 0 on; a later one replaces an earlier.</summary>
    internal void Add(ReadOnlySpan<char> key, int value)
    {
        int node = 0;
        foreach (char unit in key)
        {
            long edge = Edge(node, unit);
            if (!_children.TryGetValue(edge, out int child))
            {
                child = _values.Count;
                _values.Add(-1);
                _children.Add(edge, child);
            }

            node = child;
        }

        _values[node] = value;
    }

    /// <summary>Follows one unit from a node (0: the root); false where no string goes on that way.</summary>
    internal bool TryStep(ref int node, char unit) => _children.TryGetValue(Edge(node, unit), out node);

    /// <summary>The value of the string that ends at a node, or -1.</summary>
    internal int ValueAt(int node) => _values[node];

    /// <summary>The longest string that <paramref name="text"/> begins with: its length (0: none) and value.</summary>
    internal int LongestPrefix(ReadOnlySpan<char> text, out int value)
    {
        int node = 0;
        int length = 0;
        value = -1;
        for (int i = 0; i < text.Length && TryStep(ref node, text[i]); i++)
        {
            if (_values[node] >= 0)
            {
                (length, value) = (i + 1, _values[node]);
            }
        }

        return length;
    }

    private static long Edge(int node, char unit) => ((long)node << 16) | unit;
}
