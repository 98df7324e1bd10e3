using System.Numerics;

namespace Graft.Formats;

/// <summary>Walks the object of a torch file: refuses what no consumer could walk, and names its tensors by their paths.</summary>
/// <remarks>
/// Containers can be shared, so a small file can describe a tree without end: the walk is bounded by the size of the pickle.
/// Once it has passed, recursion over the tree is safe.
/// </remarks>
internal sealed class TorchTree
{
    /// <summary>Containers inside each other.</summary>
    internal const int MaximumDepth = 200;

    private const long AllowedAlways = 100_000;
    private const long AllowedPerByte = 4;
    private const long AllowedNameCharactersPerByte = 64;

    private readonly string _path;
    private readonly List<object?> _keys = [];
    private readonly List<TensorEntry> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly long _mostTensors;
    private long _valuesLeft;
    private long _nameCharactersLeft;

    private TorchTree(string path, int pickleLength)
    {
        _path = path;
        _mostTensors = pickleLength;
        _valuesLeft = AllowedAlways + (AllowedPerByte * pickleLength);
        _nameCharactersLeft = AllowedAlways + (AllowedNameCharactersPerByte * pickleLength);
    }

    /// <summary>All tensors below <paramref name="root"/>, in the order of the file; keys and indexes are joined by slashes.</summary>
    /// <param name="root">The saved object.</param>
    /// <param name="path">The file.</param>
    /// <param name="pickleLength">Bytes of the pickle.</param>
    /// <exception cref="InvalidDataException">It nests too deep, repeats itself without measure, or holds something that is not data.</exception>
    public static IReadOnlyList<TensorEntry> Tensors(object? root, string path, int pickleLength)
    {
        var tree = new TorchTree(path, pickleLength);
        tree.Visit(root);
        return tree._tensors;
    }

    private void Visit(object? value)
    {
        if (--_valuesLeft < 0 || _keys.Count > MaximumDepth)
        {
            throw Invalid(_valuesLeft < 0 ? "its values repeat each other without end" : $"its values nest deeper than {MaximumDepth} levels");
        }

        switch (value)
        {
            case TorchTensor tensor:
                AddTensor(tensor);
                break;
            case TorchDictionary dictionary:
                foreach ((object? key, object? item) in dictionary.Items)
                {
                    Visit(key, item);
                }

                break;
            case TorchList list:
                VisitAll(list.Items);
                break;
            case TorchTuple tuple:
                VisitAll(tuple.Items);
                break;
            case null or bool or long or double or string or byte[] or BigInteger or Complex or TorchSet or TorchSize or TorchDType or TorchDevice:
                break;
            default:
                throw Invalid($"it holds a {(value is TorchStorage ? "bare storage" : "Python class or function")} at '{Name()}'; only tensors and plain values are read");
        }
    }

    private void VisitAll(IReadOnlyList<object?> items)
    {
        for (int i = 0; i < items.Count; i++)
        {
            Visit(i, items[i]);
        }
    }

    private void Visit(object? key, object? value)
    {
        _keys.Add(key);
        Visit(value);
        _keys.RemoveAt(_keys.Count - 1);
    }

    private void AddTensor(TorchTensor tensor)
    {
        string name = Name();
        if (!_names.Add(name))
        {
            throw Invalid($"two of its tensors would be named '{name}'");
        }

        _nameCharactersLeft -= name.Length;
        if (_tensors.Count >= _mostTensors || _nameCharactersLeft < 0)
        {
            throw Invalid("it repeats its tensors without end");
        }

        _tensors.Add(new TensorEntry(name, tensor.DType, tensor.Shape, tensor.ElementCount, _path, tensor.Data));
    }

    private string Name() => string.Join('/', _keys.Select(Text));

    /// <summary>A key as Python prints it.</summary>
    private static string Text(object? key) => key switch
    {
        null => "None",
        string text => text,
        double number when double.IsInteger(number) => $"{number:F1}",
        byte[] bytes => Convert.ToHexString(bytes),
        TorchTuple tuple => $"({string.Join(", ", tuple.Items.Select(Text))})",
        _ => $"{key}",
    };

    private InvalidDataException Invalid(string what) => new($"'{_path}' cannot be read as a torch checkpoint: {what}.");
}
