namespace Graft.Formats;

/// <summary>A Python list of a torch file.</summary>
public sealed class TorchList
{
    private readonly List<object?> _items;

    internal TorchList(params object?[] items) => _items = [.. items];

    /// <summary>The items; see <see cref="TorchFile.Root"/> for their types.</summary>
    public IReadOnlyList<object?> Items => _items;

    internal void AddRange(object?[] items) => _items.AddRange(items);
}

/// <summary>A Python tuple of a torch file.</summary>
public sealed class TorchTuple
{
    internal static readonly TorchTuple Empty = new();

    private readonly object?[] _items;

    internal TorchTuple(params object?[] items) => _items = items;

    /// <summary>The items; see <see cref="TorchFile.Root"/> for their types.</summary>
    public IReadOnlyList<object?> Items => _items;
}

/// <summary>A Python dict, or OrderedDict, of a torch file.</summary>
public sealed class TorchDictionary
{
    private readonly List<KeyValuePair<object?, object?>> _items = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    internal TorchDictionary()
    {
    }

    /// <summary>Keys and values in the order of insertion. Keys are null, bool, long, BigInteger, double, string, byte[] or tuples of those.</summary>
    public IReadOnlyList<KeyValuePair<object?, object?>> Items => _items;

    /// <summary>Finds the value of a string key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, when there is one.</param>
    public bool TryGet(string key, out object? value)
    {
        bool found = TorchKey.TryMake(key, out string canonical) & _places.TryGetValue(canonical, out int place);
        value = found ? _items[place].Value : null;
        return found;
    }

    /// <summary>Sets a value; like Python, a key that is already there keeps its place. False when the key is not hashable data.</summary>
    internal bool TrySet(object? key, object? value)
    {
        if (!TorchKey.TryMake(key, out string canonical))
        {
            return false;
        }

        if (_places.TryAdd(canonical, _items.Count))
        {
            _items.Add(new KeyValuePair<object?, object?>(key, value));
        }
        else
        {
            int place = _places[canonical];
            _items[place] = new KeyValuePair<object?, object?>(_items[place].Key, value);
        }

        return true;
    }
}

/// <summary>A Python set of a torch file.</summary>
public sealed class TorchSet
{
    private readonly List<object?> _items = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    internal TorchSet()
    {
    }

    /// <summary>The items, each once, in the order of the file.</summary>
    public IReadOnlyList<object?> Items => _items;

    /// <summary>Adds an item; false when it is not hashable data.</summary>
    internal bool TryAdd(object? item)
    {
        if (!TorchKey.TryMake(item, out string canonical))
        {
            return false;
        }

        if (_keys.Add(canonical))
        {
            _items.Add(item);
        }

        return true;
    }
}

/// <summary>A <c>torch.Size</c>.</summary>
/// <param name="Sizes">The sizes, outermost first.</param>
public sealed record TorchSize(IReadOnlyList<long> Sizes);

/// <summary>A <c>torch.dtype</c>.</summary>
/// <param name="Name">Its name without <c>torch.</c>.</param>
public sealed record TorchDType(string Name);

/// <summary>A <c>torch.device</c>.</summary>
/// <param name="Name"><c>cpu</c>, <c>cuda:0</c> ...</param>
public sealed record TorchDevice(string Name);
