using Graft.Tensors;

namespace Graft.Formats;

/// <summary>One tensor of an open file: what it is, and its bytes, row-major and little-endian.</summary>
public sealed unsafe class TensorEntry
{
    private readonly TensorData _data;

    internal TensorEntry(string name, DType dtype, IReadOnlyList<long> shape, long elementCount, string filePath, TensorData data)
    {
        Name = name;
        DType = dtype;
        Shape = shape;
        ElementCount = elementCount;
        ByteLength = elementCount * dtype.SizeInBytes();
        FilePath = filePath;
        _data = data;
    }

    /// <summary>The tensor's name in the file.</summary>
    public string Name { get; }

    /// <summary>The type of its elements as stored.</summary>
    public DType DType { get; }

    /// <summary>Sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Product of <see cref="Shape"/>.</summary>
    public long ElementCount { get; }

    /// <summary>Bytes at <see cref="Data"/>.</summary>
    public long ByteLength { get; }

    /// <summary>The file that holds the tensor.</summary>
    public string FilePath { get; }

    /// <summary>
    /// The elements, usually inside the file's memory map (of no particular alignment); null when there are none and the
    /// file is empty. Valid while the file is open. Views of torch files that are not contiguous are copied at the first call.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public byte* Data => _data.Pointer;

    /// <summary>The elements as binary32. Floats are rounded to nearest where binary32 is narrower; integers likewise; booleans are 0 and 1.</summary>
    /// <returns>A new array of <see cref="ElementCount"/> values.</returns>
    /// <exception cref="NotSupportedException">8-bit floats and complex numbers have no plain values, or there are more than an array can hold.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public float[] ToSingles()
    {
        if (ElementCount > Array.MaxLength)
        {
            throw new NotSupportedException($"Tensor '{Name}' in '{FilePath}' has {ElementCount} elements, more than an array can hold; read it through Data.");
        }

        SingleConversion.EnsureSupported(this);
        var values = new float[ElementCount];
        CopyTo(values);
        return values;
    }

    /// <summary>Writes the elements as binary32, converted as by <see cref="ToSingles"/>.</summary>
    /// <param name="destination">Exactly <see cref="ElementCount"/> values.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="NotSupportedException">The dtype is an 8-bit float or complex.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length != ElementCount)
        {
            throw new ArgumentException($"Tensor '{Name}' has {ElementCount} elements, but the destination has room for {destination.Length}.", nameof(destination));
        }

        SingleConversion.EnsureSupported(this);
        SingleConversion.Convert(DType, Data, destination);
    }

    /// <summary>Name, dtype and shape.</summary>
    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}]";
}
