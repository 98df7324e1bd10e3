using System.Runtime.InteropServices;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A tensor to be written: what it is, and how to produce its bytes when its turn comes.</summary>
public sealed class TensorSource
{
    // A slice that fits in cache and any stream.
    private const int ChunkBytes = 1 << 20;

    private readonly Action<Stream> _write;

    /// <summary>A tensor whose bytes are produced while the file is written, so that no two need be in memory together.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="dtype">Element type of the bytes.</param>
    /// <param name="shape">Sizes, outermost first; empty for a scalar.</param>
    /// <param name="write">Writes exactly <see cref="ByteLength"/> bytes, row-major and little-endian, in pieces of any size.</param>
    /// <exception cref="ArgumentException">A size is negative, or the tensor exceeds 2^63 bytes.</exception>
    public TensorSource(string name, DType dtype, IReadOnlyList<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(write);
        if (!TensorShape.TryCountBytes(shape, dtype, out long bytes))
        {
            throw new ArgumentException($"Tensor '{name}': shape [{TensorShape.Describe(shape)}] has a negative size or exceeds 2^63 bytes.", nameof(shape));
        }

        (Name, DType, Shape, ByteLength, _write) = (name, dtype, [.. shape], bytes, write);
    }

    /// <summary>Name in the file.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes that the tensor takes.</summary>
    public long ByteLength { get; }

    /// <summary>A tensor of binary32 values, kept until written.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="shape">Sizes whose product is the number of <paramref name="values"/>.</param>
    /// <param name="values">The elements, row-major.</param>
    /// <exception cref="ArgumentException">Shape and values disagree.</exception>
    public static TensorSource FromSingles(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values)
        => new TensorSource(name, DType.Float32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)))
            .Requiring((long)values.Length * sizeof(float));

    /// <summary>A tensor given by its bytes, kept until written.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="dtype">Element type of the bytes.</param>
    /// <param name="shape">Sizes, outermost first.</param>
    /// <param name="bytes">The elements, row-major and little-endian.</param>
    /// <exception cref="ArgumentException">Shape and bytes disagree.</exception>
    public static TensorSource FromBytes(string name, DType dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
        => new TensorSource(name, dtype, shape, stream => stream.Write(bytes.Span)).Requiring(bytes.Length);

    /// <summary>A tensor in native memory, which must stay valid until written.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="dtype">Element type of the bytes.</param>
    /// <param name="shape">Sizes, outermost first.</param>
    /// <param name="data">The first byte; as many follow as shape and dtype ask for.</param>
    public static unsafe TensorSource FromPointer(string name, DType dtype, IReadOnlyList<long> shape, byte* data)
    {
        nint start = (nint)data;
        TensorSource? source = null;
        source = new TensorSource(name, dtype, shape, stream => WriteMemory(stream, (byte*)start, source!.ByteLength));
        return source;
    }

    /// <summary>A tensor of an open file, which must stay open until this one is written.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="name">Its new name; null keeps the old one.</param>
    public static unsafe TensorSource FromEntry(TensorEntry entry, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new TensorSource(name ?? entry.Name, entry.DType, entry.Shape, stream => WriteMemory(stream, entry.Data, entry.ByteLength));
    }

    /// <summary>Writes the tensor's bytes and checks their number.</summary>
    internal void WriteTo(Stream stream)
    {
        using var counted = new CountedStream(stream, Name, ByteLength);
        _write(counted);
        counted.EnsureComplete();
    }

    private static unsafe void WriteMemory(Stream stream, byte* data, long length)
    {
        for (long done = 0; done < length; done += ChunkBytes)
        {
            stream.Write(new ReadOnlySpan<byte>(data + done, (int)Math.Min(ChunkBytes, length - done)));
        }
    }

    private TensorSource Requiring(long bytes)
        => bytes == ByteLength
            ? this
            : throw new ArgumentException($"Tensor '{Name}': shape [{TensorShape.Describe(Shape)}] of {DType} takes {ByteLength} bytes, but {bytes} were given.");
}
