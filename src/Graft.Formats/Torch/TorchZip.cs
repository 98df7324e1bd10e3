using System.Globalization;
using System.Text;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>The container of torch 1.6 and later: a zip file with <c>ROOT/data.pkl</c> and one record a storage, <c>ROOT/data/KEY</c>.</summary>
internal sealed class TorchZip
{
    private const int NewestVersion = 10;
    private const int MaximumNoteLength = 64;

    // Real pickles deflate to a tenth or so; a thousandth is a bomb.
    private const int MaximumRatio = 200;

    private readonly MappedFile _file;
    private readonly TorchMemory _memory;
    private readonly ZipDirectory _zip;
    private readonly string _root;
    private readonly Dictionary<string, TensorData> _records = new(StringComparer.Ordinal);

    private TorchZip(MappedFile file, TorchMemory memory)
    {
        _file = file;
        _memory = memory;
        _zip = ZipDirectory.Read(file);
        _root = FindRoot();
    }

    /// <summary>Reads the object that was saved.</summary>
    /// <param name="file">A file that begins as a zip file does.</param>
    /// <param name="memory">For records that are compressed, and for views.</param>
    /// <param name="pickleLength">Bytes of the pickle.</param>
    /// <exception cref="InvalidDataException">It is no torch checkpoint, damaged, or holds more than data.</exception>
    public static object? Read(MappedFile file, TorchMemory memory, out int pickleLength)
    {
        var container = new TorchZip(file, memory);
        container.CheckKind();
        ZipEntry pickle = container.Find("data.pkl") ?? throw container.Invalid("it has no data.pkl, so it is not a torch checkpoint");
        ReadOnlySpan<byte> bytes = container.Content(pickle);
        pickleLength = bytes.Length;
        string where = $"'{file.Path}', {pickle.Name}";
        return PickleMachine.Run(bytes, where, new TorchHost(where, container.Storage, new TorchViews(where, memory)), out _);
    }

    private string FindRoot()
    {
        string? root = null;
        foreach (string name in _zip.Entries.Keys)
        {
            int slash = name.IndexOf('/');
            string folder = slash < 0 ? string.Empty : name[..slash];
            if (folder.Length == 0 || (root is not null && root != folder))
            {
                throw Invalid("its records do not share one folder, so it is not a torch checkpoint");
            }

            root = folder;
        }

        return root ?? throw Invalid("it is an empty zip file");
    }

    private void CheckKind()
    {
        if (Find("constants.pkl") is not null || _zip.Entries.Keys.Any(name => name.StartsWith($"{_root}/code/", StringComparison.Ordinal)))
        {
            throw Invalid("it is a TorchScript archive: it holds a program, not only weights. Save the weights with torch.save(model.state_dict(), path)");
        }

        string version = Note("version") ?? throw Invalid("it has no version record, so it is not a torch checkpoint");
        if (!int.TryParse(version.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > NewestVersion)
        {
            throw Invalid($"its container version is '{version.Trim()}'; versions 1 to {NewestVersion} are known");
        }

        if (Note("byteorder") is { } order && order.Trim() != "little")
        {
            throw Invalid($"its byte order is '{order.Trim()}'; only little endian files are read. Load it in torch and save it on this machine");
        }
    }

    private ZipEntry? Find(string name) => _zip.Entries.GetValueOrDefault($"{_root}/{name}");

    /// <summary>A short record of text.</summary>
    private string? Note(string name)
    {
        ZipEntry? entry = Find(name);
        if (entry is null)
        {
            return null;
        }

        return entry.Length <= MaximumNoteLength ? Encoding.Latin1.GetString(Content(entry)) : throw Invalid($"its record '{name}' has {entry.Length} bytes, too many");
    }

    /// <summary>A record as a whole: in the map, or inflated.</summary>
    private ReadOnlySpan<byte> Content(ZipEntry entry)
    {
        if (entry.Length > TorchFile.MaximumPickleLength)
        {
            throw Invalid($"its record '{entry.Name}' has {entry.Length} bytes; up to {TorchFile.MaximumPickleLength} are read");
        }

        if (!entry.Deflated)
        {
            return _file.Slice(entry.Offset, (int)entry.Length);
        }

        if (entry.Length > MaximumNoteLength + (entry.StoredLength * MaximumRatio))
        {
            throw Invalid($"its record '{entry.Name}' inflates from {entry.StoredLength} to {entry.Length} bytes, as no checkpoint does");
        }

        using var content = new MemoryStream((int)entry.Length);
        InflatedTensorData.Inflate(_file, entry, content);
        return content.ToArray();
    }

    private TorchStorage Storage(string key, TorchStorageClass @class, long count)
    {
        ZipEntry entry = Find($"data/{key}") ?? throw Invalid($"its pickle uses storage '{key}', but there is no record data/{key}");
        int elementSize = @class.DType?.SizeInBytes() ?? 1;
        if (entry.Length % elementSize != 0 || entry.Length / elementSize != count)
        {
            throw Invalid($"record data/{key} has {entry.Length} bytes, but its pickle asks for {count} elements of {elementSize}. The file is damaged; download or save it again");
        }

        return new TorchStorage(key, @class.DType, entry.Length, Record(entry));
    }

    private TensorData Record(ZipEntry entry)
    {
        if (!_records.TryGetValue(entry.Name, out TensorData? data))
        {
            data = entry.Deflated
                ? _memory.Add(new InflatedTensorData(_file, entry), entry.Length, "compressed records")
                : new MappedTensorData(_file, entry.Offset);
            _records.Add(entry.Name, data);
        }

        return data;
    }

    private InvalidDataException Invalid(string what) => new($"'{_file.Path}' cannot be read as a torch checkpoint: {what}.");
}
