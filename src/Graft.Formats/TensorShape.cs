using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Arithmetic on shapes that come from untrusted files.</summary>
internal static class TensorShape
{
    /// <summary>Product of the sizes; false when a size is negative or the product leaves 63 bits at any point.</summary>
    public static bool TryCount(IReadOnlyList<long> shape, out long elements)
    {
        elements = 1;
        foreach (long size in shape)
        {
            if (size < 0 || Math.BigMul(elements, size, out long low) != 0 || low < 0)
            {
                return false;
            }

            elements = low;
        }

        return true;
    }

    /// <summary>Bytes of a tensor; false when they leave 63 bits.</summary>
    public static bool TryCountBytes(IReadOnlyList<long> shape, DType dtype, out long bytes)
    {
        bytes = 0;
        if (!TryCount(shape, out long elements) || elements > long.MaxValue / dtype.SizeInBytes())
        {
            return false;
        }

        bytes = elements * dtype.SizeInBytes();
        return true;
    }

    /// <summary>The sizes, shortened when there are absurdly many.</summary>
    public static string Describe(IReadOnlyList<long> shape)
        => shape.Count <= 8 ? string.Join(", ", shape) : $"{string.Join(", ", shape.Take(8))}, ... ({shape.Count} dimensions)";
}
