using System.IO.Compression;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A deflated record, inflated when first asked for.</summary>
internal sealed unsafe class InflatedTensorData(MappedFile file, ZipEntry entry) : OwnedTensorData
{
    /// <inheritdoc/>
    protected override void EnsureOpen() => _ = file.Start;

    /// <inheritdoc/>
    protected override NativeBuffer Make()
    {
        var buffer = new NativeBuffer(entry.Length);
        try
        {
            using var content = new UnmanagedMemoryStream(buffer.Data, entry.Length, entry.Length, FileAccess.Write);
            Inflate(file, entry, content);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Writes the content of a deflated record to <paramref name="destination"/>: exactly the announced length, or an error.</summary>
    /// <exception cref="InvalidDataException">The record is damaged, or longer or shorter than announced.</exception>
    public static void Inflate(MappedFile file, ZipEntry entry, Stream destination)
    {
        using var stored = new UnmanagedMemoryStream(file.Start + entry.Offset, entry.StoredLength);
        using var inflater = new DeflateStream(stored, CompressionMode.Decompress);
        byte[] chunk = new byte[1 << 16];
        long done = 0;
        int read;
        while ((read = inflater.Read(chunk)) > 0)
        {
            done += read;
            if (done > entry.Length)
            {
                break;
            }

            destination.Write(chunk, 0, read);
        }

        if (done != entry.Length)
        {
            throw new InvalidDataException($"'{file.Path}': record '{entry.Name}' does not have the {entry.Length} bytes that the directory announces. Download the file again.");
        }
    }
}
