using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Graft.Formats;

/// <summary>A GGUF file (versions 2 and 3, little endian), mapped into memory; every field of its header has been checked.</summary>
/// <remarks>
/// Layout: magic, version, counts, metadata, tensor descriptions, then the data from the next multiple of
/// <c>general.alignment</c>. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. What the metadata mean, and
/// block formats, are not known here.
/// </remarks>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;
    private const uint DefaultAlignment = 32;
    private const int MaximumDimensions = 4;
    private const string AlignmentKey = "general.alignment";

    // The least that an entry takes: an empty key or name, a type, one byte; one dimension less.
    private const int LeastMetadataBytes = sizeof(ulong) + sizeof(uint) + 1;
    private const int LeastTensorBytes = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);

    private readonly MappedFile _file;
    private readonly GgufReader _reader;
    private readonly Dictionary<string, GgufValue> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GgufTensor> _byName = new(StringComparer.Ordinal);
    private readonly List<GgufTensor> _tensors = [];

    private GgufFile(MappedFile file)
    {
        _file = file;
        Pages = new FilePages(file);
        _reader = new GgufReader(file);
        ReadVersion();
        ulong tensors = _reader.UInt64("the number of tensors");
        ulong entries = _reader.UInt64("the number of metadata entries");
        ReadMetadata(_reader.Count(entries, LeastMetadataBytes, "the metadata entries"));
        Alignment = ReadAlignment();
        ReadTensors(_reader.Count(tensors, LeastTensorBytes, "the tensors"));
    }

    /// <summary>The path the file was opened by.</summary>
    public string Path => _file.Path;

    /// <summary>The pages of the map.</summary>
    public FilePages Pages { get; }

    /// <summary>Version of the format, 2 or 3.</summary>
    public uint Version { get; private set; }

    /// <summary>Tensors begin at multiples of this, counted from the start of the data.</summary>
    public uint Alignment { get; }

    /// <summary>All metadata, by key.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata => _metadata;

    /// <summary>All tensors, in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors => _tensors;

    /// <summary>Maps <paramref name="path"/> and reads its header.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a sound GGUF file of a known version; the message says where and why.</exception>
    public static GgufFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    /// <param name="name">The exact name.</param>
    /// <param name="tensor">The tensor, when there is one.</param>
    public bool TryGet(string name, [MaybeNullWhen(false)] out GgufTensor tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>Unmaps the file: tensors' data must no longer be used.</summary>
    public void Dispose() => _file.Dispose();

    private void ReadVersion()
    {
        if (_reader.UInt32("the magic number") != Magic)
        {
            throw _reader.Invalid("it does not begin with 'GGUF'");
        }

        Version = _reader.UInt32("the version");
        if (Version is not (2 or 3))
        {
            throw _reader.Invalid(Version switch
            {
                1 => "it is of version 1, which had 32-bit counts; convert the model again with a current llama.cpp",
                _ when BinaryPrimitives.ReverseEndianness(Version) is 2 or 3 => "it is big endian; only little endian files are read",
                _ => $"it is of version {Version}; versions 2 and 3 are known",
            });
        }
    }

    private void ReadMetadata(int count)
    {
        for (int i = 0; i < count; i++)
        {
            string key = _reader.Text($"metadata key {i}");
            if (!_metadata.TryAdd(key, _reader.Value(key)))
            {
                throw _reader.Invalid($"the metadata key '{key}' occurs twice, and readers differ on which one counts");
            }
        }
    }

    private uint ReadAlignment()
    {
        if (!_metadata.TryGetValue(AlignmentKey, out GgufValue? value))
        {
            return DefaultAlignment;
        }

        return value.Value is uint alignment && BitOperations.IsPow2(alignment)
            ? alignment
            : throw _reader.Invalid($"{AlignmentKey} is {(value.Value is uint number ? $"{number}" : $"of type {value.Type}")}, but must be a UInt32 and a power of two");
    }

    private void ReadTensors(int count)
    {
        var infos = new GgufTensorInfo[count];
        for (int i = 0; i < count; i++)
        {
            infos[i] = ReadInfo(i);
        }

        long alignment = Alignment;
        long dataStart = (_reader.Position + alignment - 1) / alignment * alignment;
        foreach (GgufTensorInfo info in infos)
        {
            Add(info, dataStart);
        }

        CheckOverlaps();
    }

    private GgufTensorInfo ReadInfo(int index)
    {
        string name = _reader.Text($"the name of tensor {index}");
        uint rank = _reader.UInt32($"the number of dimensions of '{name}'");
        if (rank > MaximumDimensions)
        {
            throw _reader.Invalid($"tensor '{name}' has {rank} dimensions; ggml has at most {MaximumDimensions}");
        }

        var dimensions = new long[rank];
        for (int i = 0; i < rank; i++)
        {
            ulong size = _reader.UInt64($"the dimensions of '{name}'");
            dimensions[i] = size <= long.MaxValue ? (long)size : throw _reader.Invalid($"tensor '{name}' has a dimension of {size}");
        }

        uint type = _reader.UInt32($"the type of '{name}'");
        if (!Enum.IsDefined((GgufTensorType)type))
        {
            throw _reader.Invalid($"tensor '{name}' has the unknown type {type}");
        }

        return new GgufTensorInfo(name, (GgufTensorType)type, dimensions, _reader.UInt64($"the offset of '{name}'"));
    }

    private void Add(GgufTensorInfo info, long dataStart)
    {
        (int blockElements, int blockBytes) = info.Type.Block();
        long columns = info.Dimensions.Length == 0 ? 1 : info.Dimensions[0];
        if (columns % blockElements != 0)
        {
            throw _reader.Invalid($"tensor '{info.Name}' has rows of {columns} elements, which is not a multiple of the {blockElements} of a {info.Type} block");
        }

        if (!TensorShape.TryCount(info.Dimensions, out long elements) || elements / blockElements > long.MaxValue / blockBytes)
        {
            throw _reader.Invalid($"tensor '{info.Name}' has the dimensions [{string.Join(", ", info.Dimensions)}], which ask for more than 2^63 bytes");
        }

        long bytes = elements / blockElements * blockBytes;
        long available = Math.Max(0, _file.Length - dataStart);
        if (info.Offset % Alignment != 0)
        {
            throw _reader.Invalid($"tensor '{info.Name}' begins at {info.Offset}, which is not a multiple of the alignment {Alignment}");
        }

        if (info.Offset > (ulong)available || bytes > available - (long)info.Offset)
        {
            throw _reader.Invalid($"tensor '{info.Name}' takes {bytes} bytes from {info.Offset}, but there are {available} bytes of data. It is truncated or damaged; download it again");
        }

        var tensor = new GgufTensor(info.Name, info.Type, info.Dimensions, elements, bytes, _file, dataStart + (long)info.Offset);
        if (!_byName.TryAdd(info.Name, tensor))
        {
            throw _reader.Invalid($"two tensors are named '{info.Name}'");
        }

        _tensors.Add(tensor);
    }

    private void CheckOverlaps()
    {
        long covered = 0;
        GgufTensor? previous = null;
        foreach (GgufTensor tensor in _tensors.Where(tensor => tensor.ByteLength > 0).OrderBy(tensor => tensor.FileOffset))
        {
            if (tensor.FileOffset < covered)
            {
                throw _reader.Invalid($"tensors '{previous!.Name}' and '{tensor.Name}' share bytes");
            }

            (covered, previous) = (tensor.FileOffset + tensor.ByteLength, tensor);
        }
    }

    private readonly record struct GgufTensorInfo(string Name, GgufTensorType Type, long[] Dimensions, ulong Offset);
}
