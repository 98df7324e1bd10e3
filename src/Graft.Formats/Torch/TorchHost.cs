using System.Numerics;

namespace Graft.Formats;

/// <summary>Finds the storage that a persistent id names.</summary>
/// <param name="key">The storage's name in the file.</param>
/// <param name="class">Its class.</param>
/// <param name="count">Elements of the class (bytes for UntypedStorage), not negative.</param>
internal delegate TorchStorage TorchStorageFinder(string key, TorchStorageClass @class, long count);

/// <summary>Gives the names, calls and storages of one pickle of a torch file their meaning: values, tensors, or an error.</summary>
/// <param name="where">The file and record, for messages.</param>
/// <param name="find">Finds storages; null where the format has none.</param>
/// <param name="views">Makes tensors of storages.</param>
internal sealed class TorchHost(string where, TorchStorageFinder? find, TorchViews views) : IPickleHost
{
    /// <inheritdoc/>
    public object Global(string module, string name)
        => TorchGlobals.Find(module, name) ?? throw Invalid(
            $"it refers to the Python object '{module}.{name}'. Files may hold tensors and plain values only, for anything else could be code; nothing was run. "
            + "If you trust the file, load it in torch and save only its weights: torch.save(model.state_dict(), path)");

    /// <inheritdoc/>
    public object Persistent(object? id)
    {
        if (id is not TorchTuple { Items: ["storage", TorchStorageClass @class, string key, _, long count, ..] } tuple || tuple.Items.Count > 6 || count < 0)
        {
            throw Invalid("a persistent id is not (storage, class, key, location, size)");
        }

        if (tuple.Items.Count == 6 && tuple.Items[5] is not null)
        {
            throw Invalid($"storage '{key}' is a view of another storage, as torch 0.4 and older wrote them; load the file in torch and save it again");
        }

        return (find ?? throw Invalid("a storage stands where the format has none"))(key, @class, count);
    }

    /// <inheritdoc/>
    public object? Call(object? function, TorchTuple arguments) => function switch
    {
        TorchFunction.RebuildTensor => Tensor(arguments, withDType: false),
        TorchFunction.RebuildTensorV3 => Tensor(arguments, withDType: true),
        TorchFunction.RebuildParameter => Parameter(arguments),
        TorchFunction.RebuildFromType => FromType(arguments),
        TorchFunction.OrderedDictionary => OrderedDictionary(arguments),
        TorchFunction.Set => Set(arguments),
        TorchFunction.Bytes when arguments.Items.Count == 0 => Array.Empty<byte>(),
        TorchFunction.Encode => Encode(arguments),
        TorchFunction.Complex when arguments.Items is [double real, double imaginary] => new Complex(real, imaginary),
        TorchFunction.Size => new TorchSize(arguments.Items is [TorchTuple sizes] ? Integers(sizes, "torch.Size") : throw Wrong("torch.Size")),
        TorchFunction.Device => Device(arguments),
        _ => throw Invalid(function is TorchFunction name ? $"{name} is called with arguments that it does not take" : "something that is not a function is called"),
    };

    private TorchTensor Tensor(TorchTuple arguments, bool withDType)
    {
        IReadOnlyList<object?> items = arguments.Items;
        int least = withDType ? 7 : 6;
        if (items.Count < least || items.Count > least + 1)
        {
            throw Wrong("_rebuild_tensor");
        }

        if (items is not [TorchStorage storage, long offset, TorchTuple size, TorchTuple stride, bool requiresGrad, ..])
        {
            throw Invalid("a tensor is not made of (storage, offset, size, stride, requires_grad)");
        }

        TorchDType? dtype = withDType ? items[6] as TorchDType ?? throw Invalid("a tensor's dtype is not a torch.dtype") : null;
        return views.Make(storage, dtype, offset, Integers(size, "size"), Integers(stride, "stride"), requiresGrad);
    }

    // The third argument holds hooks, the fourth Python attributes: neither is part of the values.
    private TorchTensor Parameter(TorchTuple arguments)
        => arguments.Items is [TorchTensor tensor, bool requiresGrad, ..] && (arguments.Items.Count is 3 or 4)
            ? tensor.AsParameter(requiresGrad)
            : throw Wrong("_rebuild_parameter");

    private TorchTensor FromType(TorchTuple arguments)
    {
        if (arguments.Items is not [TorchFunction function, TorchFunction type, TorchTuple inner, _]
            || function is not (TorchFunction.RebuildTensor or TorchFunction.RebuildTensorV3 or TorchFunction.RebuildParameter)
            || type is not (TorchFunction.TensorClass or TorchFunction.ParameterClass))
        {
            throw Wrong("_rebuild_from_type_v2");
        }

        // The last argument holds Python attributes of the tensor, which are no part of its values.
        var tensor = (TorchTensor)Call(function, inner)!;
        return type == TorchFunction.ParameterClass && !tensor.IsParameter ? tensor.AsParameter(tensor.RequiresGrad) : tensor;
    }

    private TorchDictionary OrderedDictionary(TorchTuple arguments)
    {
        var dictionary = new TorchDictionary();
        if (arguments.Items.Count == 0)
        {
            return dictionary;
        }

        IReadOnlyList<object?> pairs = arguments.Items is [TorchList list] ? list.Items : throw Wrong("OrderedDict");
        foreach (object? pair in pairs)
        {
            IReadOnlyList<object?>? items = pair switch
            {
                TorchTuple tuple => tuple.Items,
                TorchList two => two.Items,
                _ => null,
            };
            if (items is not [var key, var value] || !dictionary.TrySet(key, value))
            {
                throw Wrong("OrderedDict");
            }
        }

        return dictionary;
    }

    private TorchSet Set(TorchTuple arguments)
    {
        var set = new TorchSet();
        IReadOnlyList<object?> items = arguments.Items switch
        {
            [] => [],
            [TorchList list] => list.Items,
            [TorchTuple tuple] => tuple.Items,
            _ => throw Wrong("set"),
        };
        return items.All(set.TryAdd) ? set : throw Wrong("set");
    }

    // How protocol 2, which has no bytes, writes them.
    private byte[] Encode(TorchTuple arguments)
    {
        if (arguments.Items is not [string text, "latin1" or "latin-1"] || text.Any(character => character > byte.MaxValue))
        {
            throw Wrong("_codecs.encode");
        }

        return System.Text.Encoding.Latin1.GetBytes(text);
    }

    private TorchDevice Device(TorchTuple arguments) => arguments.Items switch
    {
        [string name] => new TorchDevice(name),
        [string name, long index] => new TorchDevice($"{name}:{index}"),
        _ => throw Wrong("torch.device"),
    };

    private long[] Integers(TorchTuple tuple, string what)
    {
        var values = new long[tuple.Items.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = tuple.Items[i] as long? ?? throw Invalid($"{what} holds something that is not a 64-bit integer");
        }

        return values;
    }

    private InvalidDataException Wrong(string function) => Invalid($"{function} is called with arguments that it does not take");

    private InvalidDataException Invalid(string what) => new($"{where}: {what}.");
}
