using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Makes tensors of storages: checks that a view lies in its storage, and plans a copy where it is not contiguous.</summary>
/// <param name="where">The file and record, for messages.</param>
/// <param name="memory">Where copies will live.</param>
internal sealed class TorchViews(string where, TorchMemory memory)
{
    // torch's own limit.
    private const int MaximumRank = 64;

    /// <summary>A tensor.</summary>
    /// <param name="storage">What it views.</param>
    /// <param name="dtype">Its dtype; null means the storage's.</param>
    /// <param name="offset">First element.</param>
    /// <param name="shape">Sizes, outermost first.</param>
    /// <param name="stride">Elements from one index to the next; 0 repeats.</param>
    /// <param name="requiresGrad">Whether torch would compute its gradient.</param>
    /// <exception cref="InvalidDataException">The view reaches outside the storage, or repeats it beyond all measure.</exception>
    public TorchTensor Make(TorchStorage storage, TorchDType? dtype, long offset, long[] shape, long[] stride, bool requiresGrad)
    {
        DType type = DTypeOf(storage, dtype);
        if (shape.Length != stride.Length || shape.Length > MaximumRank)
        {
            throw Invalid(storage, $"has {shape.Length} sizes and {stride.Length} strides; there must be as many, and at most {MaximumRank}");
        }

        if (!TensorShape.TryCountBytes(shape, type, out long bytes))
        {
            throw Invalid(storage, $"has the size [{TensorShape.Describe(shape)}], which is negative or asks for more than 2^63 bytes");
        }

        long elements = bytes / type.SizeInBytes();
        CheckReach(storage, type, offset, shape, stride, elements);
        TensorData data = IsContiguous(shape, stride)
            ? new PartOfTensorData(storage.Data, offset * type.SizeInBytes())
            : memory.Add(new StridedTensorData(storage.Data, offset, [.. shape], [.. stride], type.SizeInBytes()), bytes, "views that are not contiguous");
        return new TorchTensor(storage.Key, type, Array.AsReadOnly(shape), elements, data, requiresGrad, isParameter: false);
    }

    private DType DTypeOf(TorchStorage storage, TorchDType? dtype)
    {
        if (dtype is null)
        {
            return storage.DType ?? throw Invalid(storage, "has no dtype, although its storage has none either");
        }

        return TorchDTypes.TryParse(dtype.Name, out DType type)
            ? type
            : throw Invalid(storage, $"has the dtype torch.{dtype.Name}, which is not supported; convert it in torch and save it again");
    }

    private void CheckReach(TorchStorage storage, DType type, long offset, long[] shape, long[] stride, long elements)
    {
        Int128 last = offset;
        for (int i = 0; i < shape.Length; i++)
        {
            if (stride[i] < 0)
            {
                throw Invalid(storage, $"has the negative stride {stride[i]}");
            }

            // One product of two 63-bit numbers fits in 128 bits; 64 of them might not.
            last = Int128.Min(last + ((Int128)Math.Max(0, shape[i] - 1) * stride[i]), Int128.MaxValue >> 1);
        }

        long available = storage.ByteLength / type.SizeInBytes();
        if (offset < 0 || (elements > 0 && last >= available) || (elements == 0 && offset > available))
        {
            throw Invalid(storage, $"begins at element {offset} and reaches to {last}, but the storage has {available}");
        }
    }

    private static bool IsContiguous(long[] shape, long[] stride)
    {
        if (shape.Contains(0))
        {
            return true;
        }

        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && stride[i] != expected)
            {
                return false;
            }

            expected *= shape[i];
        }

        return true;
    }

    private InvalidDataException Invalid(TorchStorage storage, string what) => new($"{where}: a tensor in storage '{storage.Key}' {what}.");
}
