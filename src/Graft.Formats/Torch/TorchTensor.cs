using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A tensor of a torch file, as a value of its tree.</summary>
public sealed class TorchTensor
{
    internal TorchTensor(string storageKey, DType dtype, IReadOnlyList<long> shape, long elementCount, TensorData data, bool requiresGrad, bool isParameter)
    {
        StorageKey = storageKey;
        DType = dtype;
        Shape = shape;
        ElementCount = elementCount;
        Data = data;
        RequiresGrad = requiresGrad;
        IsParameter = isParameter;
    }

    /// <summary>The storage that it views. Tensors with the same key share memory in torch (tied weights, views).</summary>
    public string StorageKey { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Whether torch would compute a gradient for it.</summary>
    public bool RequiresGrad { get; }

    /// <summary>Whether it is an <c>nn.Parameter</c>.</summary>
    public bool IsParameter { get; }

    internal long ElementCount { get; }

    internal TensorData Data { get; }

    /// <summary>The same tensor as an <c>nn.Parameter</c>.</summary>
    internal TorchTensor AsParameter(bool requiresGrad)
        => new(StorageKey, DType, Shape, ElementCount, Data, requiresGrad, isParameter: true);
}
