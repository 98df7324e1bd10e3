using Graft.Tensors;

namespace Graft.Formats;

/// <summary>What a Python name in a torch file stands for.</summary>
internal enum TorchFunction
{
    RebuildTensor,
    RebuildTensorV3,
    RebuildParameter,
    RebuildFromType,
    OrderedDictionary,
    Set,
    Bytes,
    Encode,
    Complex,
    Size,
    Device,
    TensorClass,
    ParameterClass,
}

/// <summary>A storage class: the first field behind <c>storage</c> in a persistent id.</summary>
/// <param name="DType">Element type; null for UntypedStorage.</param>
internal sealed record TorchStorageClass(DType? DType);

/// <summary>The complete list of Python names that a torch file may use. A name that is not here is refused, whatever it is.</summary>
internal static class TorchGlobals
{
    private static readonly Dictionary<(string Module, string Name), TorchFunction> Functions = new()
    {
        [("torch._utils", "_rebuild_tensor_v2")] = TorchFunction.RebuildTensor,
        [("torch._utils", "_rebuild_tensor_v3")] = TorchFunction.RebuildTensorV3,
        [("torch._utils", "_rebuild_parameter")] = TorchFunction.RebuildParameter,
        [("torch._utils", "_rebuild_parameter_with_state")] = TorchFunction.RebuildParameter,
        [("torch._tensor", "_rebuild_from_type_v2")] = TorchFunction.RebuildFromType,
        [("collections", "OrderedDict")] = TorchFunction.OrderedDictionary,
        [("builtins", "set")] = TorchFunction.Set,
        [("__builtin__", "set")] = TorchFunction.Set,
        [("builtins", "frozenset")] = TorchFunction.Set,
        [("__builtin__", "frozenset")] = TorchFunction.Set,
        [("builtins", "bytes")] = TorchFunction.Bytes,
        [("__builtin__", "bytes")] = TorchFunction.Bytes,
        [("_codecs", "encode")] = TorchFunction.Encode,
        [("builtins", "complex")] = TorchFunction.Complex,
        [("__builtin__", "complex")] = TorchFunction.Complex,
        [("torch", "Size")] = TorchFunction.Size,
        [("torch", "device")] = TorchFunction.Device,
        [("torch", "Tensor")] = TorchFunction.TensorClass,
        [("torch._tensor", "Tensor")] = TorchFunction.TensorClass,
        [("torch.nn.parameter", "Buffer")] = TorchFunction.TensorClass,
        [("torch.nn.parameter", "Parameter")] = TorchFunction.ParameterClass,
    };

    /// <summary>What <c>module.name</c> stands for, or null when it is not on the list.</summary>
    public static object? Find(string module, string name)
    {
        if (Functions.TryGetValue((module, name), out TorchFunction function))
        {
            return function;
        }

        if (module is "torch" or "torch.storage")
        {
            if (name == "UntypedStorage")
            {
                return new TorchStorageClass(null);
            }

            if (module == "torch" && TorchDTypes.TryParseStorage(name, out DType? storage))
            {
                return new TorchStorageClass(storage);
            }
        }

        return module == "torch" && TorchDTypes.IsName(name) ? new TorchDType(name) : null;
    }
}
