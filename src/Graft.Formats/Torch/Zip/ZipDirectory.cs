using System.Buffers.Binary;
using System.Text;

namespace Graft.Formats;

/// <summary>
/// The directory of a zip file, read from its map so that stored records need no copy. Every record's header and data are
/// checked to lie in the file. Format: APPNOTE.TXT of PKWARE, 4.3.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int End64Length = 56;
    private const int Locator64Length = 20;
    private const int EntryLength = 46;
    private const int LocalLength = 30;
    private const ushort Encrypted = 1;
    private const ushort Stored = 0;
    private const ushort DeflateMethod = 8;

    private readonly MappedFile _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(MappedFile file) => _file = file;

    /// <summary>All records, by name. Folders are left out.</summary>
    public IReadOnlyDictionary<string, ZipEntry> Entries => _entries;

    /// <summary>Reads the directory of <paramref name="file"/>.</summary>
    /// <exception cref="InvalidDataException">It is damaged, encrypted, compressed in another way than deflate, or names leave the archive.</exception>
    public static ZipDirectory Read(MappedFile file)
    {
        var directory = new ZipDirectory(file);
        (long offset, long length, long count) = directory.Locate();
        directory.ReadEntries(offset, length, count);
        return directory;
    }

    private (long Offset, long Length, long Count) Locate()
    {
        long end = FindEnd();
        ReadOnlySpan<byte> record = _file.Slice(end, EndLength);
        long count = UInt16(record, 10);
        long length = UInt32(record, 12);
        long offset = UInt32(record, 16);
        if (end >= Locator64Length && UInt32(_file.Slice(end - Locator64Length, Locator64Length), 0) == Locator64Signature)
        {
            long end64 = Int64(_file.Slice(end - Locator64Length, Locator64Length), 8);
            if (end64 < 0 || end64 > end - Locator64Length - End64Length || UInt32(_file.Slice(end64, End64Length), 0) != End64Signature)
            {
                throw Invalid("its 64-bit end record is missing");
            }

            record = _file.Slice(end64, End64Length);
            (count, length, offset, end) = (Int64(record, 32), Int64(record, 40), Int64(record, 48), end64);
        }

        if (offset < 0 || length < 0 || offset > end || length > end - offset || count < 0 || count > length / EntryLength)
        {
            throw Invalid("its directory lies outside the file");
        }

        return (offset, length, count);
    }

    private long FindEnd()
    {
        // The record is last but for a comment, whose length it gives.
        int searched = (int)Math.Min(_file.Length, EndLength + ushort.MaxValue);
        ReadOnlySpan<byte> tail = _file.Slice(_file.Length - searched, searched);
        for (int i = searched - EndLength; i >= 0; i--)
        {
            if (UInt32(tail, i) == EndSignature && UInt16(tail, i + 20) == searched - i - EndLength)
            {
                return _file.Length - searched + i;
            }
        }

        throw Invalid("it has no directory at its end: it is truncated; download it again");
    }

    private void ReadEntries(long offset, long length, long count)
    {
        long end = offset + length;
        for (long i = 0; i < count; i++)
        {
            if (end - offset < EntryLength || UInt32(_file.Slice(offset, EntryLength), 0) != EntrySignature)
            {
                throw Invalid($"entry {i} of its directory is damaged");
            }

            ReadOnlySpan<byte> fixedPart = _file.Slice(offset, EntryLength);
            int nameLength = UInt16(fixedPart, 28);
            int extraLength = UInt16(fixedPart, 30);
            long whole = EntryLength + nameLength + extraLength + UInt16(fixedPart, 32);
            if (whole > end - offset)
            {
                throw Invalid($"entry {i} of its directory is damaged");
            }

            ReadOnlySpan<byte> name = _file.Slice(offset + EntryLength, nameLength);
            ReadOnlySpan<byte> extra = _file.Slice(offset + EntryLength + nameLength, extraLength);
            AddEntry(Encoding.UTF8.GetString(name), name, fixedPart, extra);
            offset += whole;
        }
    }

    private void AddEntry(string name, ReadOnlySpan<byte> rawName, ReadOnlySpan<byte> header, ReadOnlySpan<byte> extra)
    {
        if (name.EndsWith('/'))
        {
            return;
        }

        if (name.Length == 0 || name.Contains('\\') || name.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw Invalid($"the record name '{name}' leads out of the archive");
        }

        if ((UInt16(header, 8) & Encrypted) != 0)
        {
            throw Invalid($"record '{name}' is encrypted");
        }

        ushort method = UInt16(header, 10);
        if (method is not (Stored or DeflateMethod))
        {
            throw Invalid($"record '{name}' is compressed by method {method}; only stored and deflated records are read");
        }

        (long length, long stored, long local) = Sizes(name, header, extra);
        if (method == Stored && stored != length)
        {
            throw Invalid($"record '{name}' is stored, but its two sizes differ: {stored} and {length}");
        }

        long data = DataOffset(name, rawName, local);
        if (stored < 0 || length < 0 || stored > _file.Length - data)
        {
            throw Invalid($"record '{name}' claims {stored} bytes, more than the file has");
        }

        if (!_entries.TryAdd(name, new ZipEntry(name, data, stored, length, method == DeflateMethod)))
        {
            throw Invalid($"record '{name}' occurs twice, and readers differ on which one counts");
        }
    }

    /// <summary>Content length, stored length and place of the local header, from the 64-bit extra field where the 32-bit ones are full.</summary>
    private (long Length, long Stored, long Local) Sizes(string name, ReadOnlySpan<byte> header, ReadOnlySpan<byte> extra)
    {
        long stored = UInt32(header, 20);
        long length = UInt32(header, 24);
        long local = UInt32(header, 42);
        ReadOnlySpan<byte> wide = Zip64Field(extra);
        return (Widen(length, ref wide, name), Widen(stored, ref wide, name), Widen(local, ref wide, name));
    }

    private long Widen(long value, ref ReadOnlySpan<byte> wide, string name)
    {
        if (value != uint.MaxValue)
        {
            return value;
        }

        if (wide.Length < sizeof(long))
        {
            throw Invalid($"record '{name}' lacks its 64-bit sizes");
        }

        long full = Int64(wide, 0);
        wide = wide[sizeof(long)..];
        return full;
    }

    private static ReadOnlySpan<byte> Zip64Field(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = UInt16(extra, 2);
            if (length > extra.Length - 4)
            {
                break;
            }

            if (UInt16(extra, 0) == 1)
            {
                return extra.Slice(4, length);
            }

            extra = extra[(4 + length)..];
        }

        return [];
    }

    private long DataOffset(string name, ReadOnlySpan<byte> rawName, long local)
    {
        if (local < 0 || local > _file.Length - LocalLength - rawName.Length)
        {
            throw Invalid($"the header of record '{name}' lies outside the file");
        }

        ReadOnlySpan<byte> header = _file.Slice(local, LocalLength);
        if (UInt32(header, 0) != LocalSignature || UInt16(header, 26) != rawName.Length || !_file.Slice(local + LocalLength, rawName.Length).SequenceEqual(rawName))
        {
            throw Invalid($"the header of record '{name}' does not agree with the directory");
        }

        if ((UInt16(header, 6) & Encrypted) != 0)
        {
            throw Invalid($"record '{name}' is encrypted");
        }

        long data = local + LocalLength + rawName.Length + UInt16(header, 28);
        return data <= _file.Length ? data : throw Invalid($"record '{name}' lies outside the file");
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long Int64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private InvalidDataException Invalid(string what) => new($"'{_file.Path}' cannot be read as a zip file: {what}.");
}
