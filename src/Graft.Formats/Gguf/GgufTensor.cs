namespace Graft.Formats;

/// <summary>One tensor of an open GGUF file.</summary>
public sealed unsafe class GgufTensor
{
    private readonly MappedTensorData _data;

    internal GgufTensor(string name, GgufTensorType type, long[] dimensions, long elementCount, long byteLength, MappedFile file, long fileOffset)
    {
        Name = name;
        Type = type;
        Dimensions = Array.AsReadOnly(dimensions);
        Shape = Array.AsReadOnly(dimensions.Reverse().ToArray());
        ElementCount = elementCount;
        ByteLength = byteLength;
        FilePath = file.Path;
        FileOffset = fileOffset;
        _data = new MappedTensorData(file, fileOffset);
    }

    /// <summary>The tensor's name in the file.</summary>
    public string Name { get; }

    /// <summary>How its elements are stored.</summary>
    public GgufTensorType Type { get; }

    /// <summary>Sizes as the file has them: fastest (columns) first.</summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>Sizes as torch has them: outermost first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Product of the sizes.</summary>
    public long ElementCount { get; }

    /// <summary>Bytes at <see cref="Data"/>: whole blocks.</summary>
    public long ByteLength { get; }

    /// <summary>First byte, from the start of the file.</summary>
    public long FileOffset { get; }

    /// <summary>The file that holds the tensor.</summary>
    public string FilePath { get; }

    /// <summary>The elements or blocks, row by row, inside the file's memory map. Valid while the file is open.</summary>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public byte* Data => _data.Pointer;

    /// <summary>The tensor as a plain one.</summary>
    /// <exception cref="NotSupportedException">It is stored in blocks, which must be dequantised.</exception>
    public TensorEntry ToEntry() => Type.PlainDType() is { } dtype
        ? new TensorEntry(Name, dtype, Shape, ElementCount, FilePath, _data)
        : throw new NotSupportedException($"Tensor '{Name}' in '{FilePath}' is stored in {Type} blocks, not as plain elements.");

    /// <summary>Name, type and shape.</summary>
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape)}]";
}
