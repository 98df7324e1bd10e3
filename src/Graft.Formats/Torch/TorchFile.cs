using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace Graft.Formats;

/// <summary>A file of <c>torch.save</c> (<c>.bin</c>, <c>.pt</c>, <c>.pth</c>), zip or legacy, read without Python and without running anything.</summary>
/// <remarks>
/// Such files are pickles, which can carry programs. Here a pickle is interpreted as a description of data: the names it may
/// use are a fixed list (<c>torch.load(weights_only=True)</c> has a similar one), every other name is refused, and nothing
/// is ever imported or called. Tensor data stays in the file's map unless it is compressed or a view that is not contiguous.
/// </remarks>
public sealed unsafe class TorchFile : IWeightFile
{
    /// <summary>The longest pickle that is read, in bytes.</summary>
    internal const int MaximumPickleLength = 64 << 20;

    private readonly MappedFile _file;
    private readonly TorchMemory _memory;
    private readonly Dictionary<string, TensorEntry> _byName;

    private TorchFile(MappedFile file, TorchMemory memory)
    {
        _file = file;
        Pages = new FilePages(file);
        _memory = memory;
        Root = IsZip(file) ? TorchZip.Read(file, memory, out int pickleLength) : TorchLegacy.Read(file, memory, out pickleLength);
        Tensors = TorchTree.Tensors(Root, file.Path, pickleLength);
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The pages of the map.</summary>
    public FilePages Pages { get; }

    /// <summary>The path the file was opened by.</summary>
    public string Path => _file.Path;

    /// <summary>
    /// The saved object: null, <see cref="bool"/>, <see cref="long"/>, <see cref="System.Numerics.BigInteger"/>, <see cref="double"/>,
    /// <see cref="System.Numerics.Complex"/>, <see cref="string"/>, <c>byte[]</c>, <see cref="TorchList"/>, <see cref="TorchTuple"/>,
    /// <see cref="TorchDictionary"/>, <see cref="TorchSet"/>, <see cref="TorchSize"/>, <see cref="TorchDType"/>, <see cref="TorchDevice"/>
    /// or <see cref="TorchTensor"/>. It nests at most 200 levels deep.
    /// </summary>
    public object? Root { get; }

    /// <summary>All tensors, in the order of the file. A name is the path to the tensor: keys and indexes, joined by <c>/</c>; in a state dict just the key.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <inheritdoc/>
    IReadOnlyDictionary<string, string> IWeightFile.Metadata => ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Maps <paramref name="path"/> and reads what it describes; tensor data is left where it is.</summary>
    /// <param name="path">A file of <c>torch.save</c>.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a sound checkpoint, or holds more than tensors and plain values.</exception>
    public static TorchFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        var memory = new TorchMemory(path, file.Length);
        try
        {
            return new TorchFile(file, memory);
        }
        catch
        {
            memory.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name.</summary>
    /// <param name="name">The exact name.</param>
    /// <param name="entry">The tensor, when there is one.</param>
    public bool TryGet(string name, [MaybeNullWhen(false)] out TensorEntry entry) => _byName.TryGetValue(name, out entry);

    /// <summary>The tensor of the tree as an entry with its data.</summary>
    /// <param name="tensor">A tensor below <see cref="Root"/>.</param>
    /// <param name="name">The name that the entry shall have.</param>
    public TensorEntry Entry(TorchTensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(name);
        return new TensorEntry(name, tensor.DType, tensor.Shape, tensor.ElementCount, Path, tensor.Data);
    }

    /// <summary>Unmaps the file and frees copies: entries' data must no longer be used.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _memory.Dispose();
    }

    private static bool IsZip(MappedFile file)
    {
        if (file.Length == 0)
        {
            throw new InvalidDataException($"'{file.Path}' is empty. Download it again.");
        }

        return file.Slice(0, (int)Math.Min(2, file.Length)).SequenceEqual("PK"u8);
    }
}
