using System.IO.Compression;

namespace Graft.Training.Data;

/// <summary>The content of one data file: decompressed, without byte order mark.</summary>
internal sealed class DataFile
{
    private static readonly byte[] EndMark = "\0end of data\0"u8.ToArray();
    private static readonly byte[] EndMember = Compress(EndMark);

    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly int _length;

    private DataFile(string path, byte[] bytes, int length)
    {
        Path = path;
        _bytes = bytes;
        _start = bytes.AsSpan(0, length).StartsWith("\uFEFF"u8) ? 3 : 0;
        _length = length - _start;
    }

    /// <summary>The path as the user gave it.</summary>
    public string Path { get; }

    /// <summary>The bytes after the byte order mark.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_start, _length);

    /// <summary>Bytes before <see cref="Bytes"/>, so that offsets in messages are those of the file.</summary>
    public int Start => _start;

    /// <summary>Reads the whole file. Its content says whether it is compressed, so a wrong name does no harm.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotSupportedException">The content is of a kind that cannot be read.</exception>
    /// <exception cref="InvalidDataException">Damaged gzip data, UTF-16 text, or more than 2 GB.</exception>
    public static DataFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw Directory.Exists(path)
                ? new InvalidDataException($"{path} is a folder: name its data files")
                : new FileNotFoundException($"no such data file: {path}", path);
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        if (stream.Length > Array.MaxLength)
        {
            throw TooBig(path);
        }

        byte[] bytes = new byte[stream.Length];
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        RefuseBinary(path, bytes.AsSpan(0, length));
        if (!IsGzip(bytes))
        {
            return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                ? throw new InvalidDataException($"{path} is named .gz but holds no gzip data: rename or compress it")
                : new DataFile(path, bytes, length);
        }

        (bytes, length) = Decompress(path, bytes, length);
        RefuseBinary(path, bytes.AsSpan(0, length));
        return new DataFile(path, bytes, length);
    }

    /// <summary>The format that a path's extension names.</summary>
    /// <exception cref="NotSupportedException">A format or compression that cannot be read.</exception>
    /// <exception cref="ArgumentException">The extension says nothing.</exception>
    public static DataSetFormat FormatOf(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        string extension = System.IO.Path.GetExtension(name).ToLowerInvariant();
        return extension switch
        {
            ".jsonl" or ".ndjson" => DataSetFormat.JsonLines,
            ".json" => DataSetFormat.Json,
            ".csv" or ".tsv" => DataSetFormat.Csv,
            ".txt" or ".text" or ".md" => DataSetFormat.Text,
            ".zst" or ".bz2" or ".xz" or ".zip" or ".lz4" or ".parquet" or ".arrow" or ".feather" => throw NotSupported(path, extension[1..]),
            _ => throw new ArgumentException($"{path}: the extension '{extension}' names no data format; known: .jsonl .json .csv .tsv .txt, each also with .gz; or set the format", nameof(path)),
        };
    }

    private static void RefuseBinary(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("PAR1"u8) || bytes.StartsWith("PARE"u8))
        {
            throw NotSupported(path, "Parquet");
        }

        if (bytes.StartsWith("ARROW1"u8))
        {
            throw NotSupported(path, "Arrow");
        }

        if (bytes.StartsWith(new byte[] { 0x28, 0xB5, 0x2F, 0xFD }))
        {
            throw NotSupported(path, "zstd");
        }

        if (bytes.StartsWith(new byte[] { 0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0 }))
        {
            throw NotSupported(path, "xz");
        }

        if (bytes.Length > 4 && bytes.StartsWith("BZh"u8) && bytes[3] is >= (byte)'1' and <= (byte)'9' && bytes[4] is 0x31 or 0x17)
        {
            throw NotSupported(path, "bzip2");
        }

        if (bytes.StartsWith(new byte[] { 0xFF, 0xFE }) || bytes.StartsWith(new byte[] { 0xFE, 0xFF }))
        {
            throw BadData.At(path, 1, 1, "the text is UTF-16 (byte 0 is a UTF-16 mark): save the file as UTF-8");
        }
    }

    private static (byte[] Bytes, int Length) Decompress(string path, byte[] compressed, int length)
    {
        try
        {
            // GZipStream takes a cut file for a finished one. A member of our own at the end comes out only if all before it was complete.
            using var content = new MemoryStream();
            using var gzip = new GZipStream(new MemoryStream([.. compressed.AsSpan(0, length), .. EndMember]), CompressionMode.Decompress);
            gzip.CopyTo(content);
            int end = (int)content.Length - EndMark.Length;
            return end >= 0 && content.GetBuffer().AsSpan(end, EndMark.Length).SequenceEqual(EndMark)
                ? (content.GetBuffer(), end)
                : throw new InvalidDataException("The end is missing, or something else follows it.");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: damaged gzip data: {e.Message} Fetch or compress the file again", e);
        }
        catch (IOException e)
        {
            // MemoryStream says so when it would grow beyond the largest array.
            throw new InvalidDataException($"{TooBig(path).Message} ({e.Message})", e);
        }
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes.StartsWith(new byte[] { 0x1F, 0x8B });

    private static InvalidDataException TooBig(string path) => new($"{path} holds more than 2 GB: split it into several files and name them all");

    private static NotSupportedException NotSupported(string path, string what)
        => new($"{path}: {what} files are not supported; convert to JSON lines (.jsonl, also .jsonl.gz)");
}
