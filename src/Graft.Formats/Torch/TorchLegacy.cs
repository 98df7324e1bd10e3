using System.Buffers.Binary;
using System.Numerics;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>
/// The container of torch before 1.6: five pickles in a row (magic number, protocol version, system, object, storage keys),
/// then for each key a 64-bit element count and the raw bytes.
/// </summary>
internal sealed class TorchLegacy
{
    private const long ProtocolVersion = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("119547037146038801333356");

    private readonly MappedFile _file;
    private readonly TorchMemory _memory;
    private readonly Dictionary<string, Placeholder> _storages = new(StringComparer.Ordinal);
    private long _position;

    private TorchLegacy(MappedFile file, TorchMemory memory) => (_file, _memory) = (file, memory);

    /// <summary>Reads the object that was saved.</summary>
    /// <param name="file">A file that does not begin as a zip file does.</param>
    /// <param name="memory">For views.</param>
    /// <param name="pickleLength">Bytes of all pickles.</param>
    /// <exception cref="InvalidDataException">It is no torch checkpoint, damaged, or holds more than data.</exception>
    public static object? Read(MappedFile file, TorchMemory memory, out int pickleLength)
    {
        var container = new TorchLegacy(file, memory);
        if (container.Next("magic number", null) is not BigInteger magic || magic != Magic)
        {
            throw container.Invalid("it has neither the beginning of a zip file nor torch's magic number, so it is not a torch checkpoint");
        }

        object? version = container.Next("protocol version", null);
        if (version is not ProtocolVersion)
        {
            throw container.Invalid($"its protocol version is not {ProtocolVersion}");
        }

        if (container.Next("system information", null) is not TorchDictionary system || (system.TryGet("little_endian", out object? little) && little is not true))
        {
            throw container.Invalid("it was not written on a little endian machine; load it in torch there and save it as safetensors");
        }

        object? root = container.Next("the saved object", container.Storage);
        if (container.Next("storage keys", null) is not TorchList keys)
        {
            throw container.Invalid("its list of storages is not a list");
        }

        pickleLength = (int)Math.Min(int.MaxValue, container._position);
        container.PlaceStorages(keys);
        return root;
    }

    private object? Next(string what, TorchStorageFinder? find)
    {
        long length = Math.Min(_file.Length - _position, TorchFile.MaximumPickleLength);
        string where = $"'{_file.Path}', pickle of {what} at byte {_position}";
        var host = new TorchHost(where, find, new TorchViews(where, _memory));
        object? value = PickleMachine.Run(_file.Slice(_position, (int)length), where, host, out int consumed);
        _position += consumed;
        return value;
    }

    /// <summary>The storage that the object's pickle names; its bytes are found when the pickles are over.</summary>
    private TorchStorage Storage(string key, TorchStorageClass @class, long count)
    {
        int elementSize = @class.DType?.SizeInBytes() ?? 1;
        if (count > _file.Length / elementSize)
        {
            throw Invalid($"storage '{key}' claims {count} elements of {elementSize} bytes, more than the file has. It is damaged or truncated; download it again");
        }

        if (!_storages.TryGetValue(key, out Placeholder? place))
        {
            place = new Placeholder(_file, count, count * elementSize);
            _storages.Add(key, place);
        }

        return place.ByteLength == count * elementSize
            ? new TorchStorage(key, @class.DType, place.ByteLength, place)
            : throw Invalid($"storage '{key}' is given two sizes");
    }

    private void PlaceStorages(TorchList keys)
    {
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !_storages.TryGetValue(key, out Placeholder? place) || place.IsPlaced)
            {
                throw Invalid($"its list of storages names '{item}', which the saved object does not use, or names it twice");
            }

            long left = _file.Length - _position - sizeof(long);
            long count = left < 0 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(_file.Slice(_position, sizeof(long)));
            if (left < 0 || place.ByteLength > left)
            {
                throw Invalid($"storage '{key}' has {place.ByteLength} bytes, but only {Math.Max(0, left)} are left. It is truncated; download it again");
            }

            if (count != place.Count)
            {
                throw Invalid($"storage '{key}' has {place.Count} elements, but {count} stand before its data");
            }

            place.Place(_position + sizeof(long));
            _position += sizeof(long) + place.ByteLength;
        }

        if (_storages.FirstOrDefault(storage => !storage.Value.IsPlaced) is { Key: { } missing })
        {
            throw Invalid($"storage '{missing}' is used, but has no data");
        }
    }

    private InvalidDataException Invalid(string what) => new($"'{_file.Path}' cannot be read as a torch checkpoint: {what}.");

    /// <summary>Bytes of a storage whose place is known after the tensors that view it.</summary>
    private sealed unsafe class Placeholder(MappedFile file, long count, long byteLength) : TensorData
    {
        private long _offset = -1;

        public long Count => count;

        public long ByteLength => byteLength;

        public bool IsPlaced => _offset >= 0;

        public override byte* Pointer => file.Start + _offset;

        public void Place(long offset) => _offset = offset;
    }
}
