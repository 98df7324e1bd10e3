using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Unicode;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A safetensors file, mapped into memory; its header has been checked field by field.</summary>
/// <remarks>
/// Layout: header length (unsigned 64-bit, little-endian), a JSON object (padded with spaces), the data. The tensors cover
/// the data exactly: no holes, no overlaps, nothing behind. Format: https://github.com/huggingface/safetensors.
/// </remarks>
public sealed unsafe class SafetensorsFile : IWeightFile
{
    /// <summary>The format's limit on the header, in bytes.</summary>
    internal const long MaximumHeaderLength = 100_000_000;

    private const int PrefixLength = sizeof(ulong);

    private readonly MappedFile _file;
    private readonly Dictionary<string, TensorEntry> _byName;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header, long dataStart)
    {
        _file = file;
        Pages = new FilePages(file);
        Metadata = header.Metadata;
        var tensors = new TensorEntry[header.Tensors.Count];
        _byName = new Dictionary<string, TensorEntry>(tensors.Length, StringComparer.Ordinal);
        for (int i = 0; i < tensors.Length; i++)
        {
            SafetensorsHeader.Record record = header.Tensors[i];
            long elements = (record.End - record.Begin) / record.DType.SizeInBytes();
            tensors[i] = new TensorEntry(record.Name, record.DType, record.Shape, elements, file.Path, new MappedTensorData(file, dataStart + record.Begin));
            _byName.Add(record.Name, tensors[i]);
        }

        Tensors = tensors;
    }

    /// <summary>The path the file was opened by.</summary>
    public string Path => _file.Path;

    /// <summary>The strings under <c>__metadata__</c>; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The pages of the map.</summary>
    public FilePages Pages { get; }

    /// <summary>All tensors, in the order of the header.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Maps <paramref name="path"/> and reads its header. Nothing else is read until asked for.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a sound safetensors file; the message says where and why.</exception>
    public static SafetensorsFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            long headerLength = HeaderLength(file);
            SafetensorsHeader header = ReadHeader(file, (int)headerLength);
            return new SafetensorsFile(file, header, PrefixLength + headerLength);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    /// <param name="name">The exact name.</param>
    /// <param name="entry">The tensor, when there is one.</param>
    public bool TryGet(string name, [MaybeNullWhen(false)] out TensorEntry entry) => _byName.TryGetValue(name, out entry);

    /// <summary>Unmaps the file: entries' data must no longer be used.</summary>
    public void Dispose() => _file.Dispose();

    private static long HeaderLength(MappedFile file)
    {
        if (file.Length < PrefixLength)
        {
            throw Invalid(file, $"it has {file.Length} bytes, fewer than the {PrefixLength} of the header length. The file is truncated; download or save it again.");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, PrefixLength));
        if (length > MaximumHeaderLength)
        {
            throw Invalid(file, $"its header length is {length}, more than the format's limit of {MaximumHeaderLength}. This is not a safetensors file, or its first bytes are damaged.");
        }

        if ((long)length > file.Length - PrefixLength)
        {
            throw Invalid(file, $"its header length is {length}, but only {file.Length - PrefixLength} bytes follow. The file is truncated; download or save it again.");
        }

        return (long)length;
    }

    private static SafetensorsHeader ReadHeader(MappedFile file, int length)
    {
        ReadOnlySpan<byte> json = file.Slice(PrefixLength, length);
        if (length == 0 || json[0] != (byte)'{')
        {
            throw Invalid(file, "its header does not begin with '{'. This is not a safetensors file, or its first bytes are damaged.");
        }

        if (!Utf8.IsValid(json))
        {
            throw Invalid(file, "its header is not valid UTF-8. The file is damaged; download or save it again.");
        }

        SafetensorsHeader header = SafetensorsHeader.Parse(json, file.Path);
        header.CheckCoverage(file.Length - PrefixLength - length);
        return header;
    }

    private static InvalidDataException Invalid(MappedFile file, string what) => new($"'{file.Path}' cannot be read as safetensors: {what}");
}
