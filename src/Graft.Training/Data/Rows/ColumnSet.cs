namespace Graft.Training.Data;

/// <summary>Column names in the order in which they were first seen, shared by all rows of a data set.</summary>
internal sealed class ColumnSet
{
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>The names, in order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Index of <paramref name="name"/>, which is added when it is new.</summary>
    public int IndexOrAdd(string name)
    {
        if (!_indexes.TryGetValue(name, out int index))
        {
            index = _names.Count;
            _indexes.Add(name, index);
            _names.Add(name);
        }

        return index;
    }

    /// <summary>Whether the set has <paramref name="name"/>, and where.</summary>
    public bool TryGetIndex(string name, out int index) => _indexes.TryGetValue(name, out index);
}
