using System.Buffers.Binary;
using System.IO.Compression;
using Graft.Training.Tracking;

namespace Graft.Cli.Rendering.Charts;

/// <summary>Writes PNG files (W3C, Portable Network Graphics): 8 bits of red, green and blue.</summary>
internal static class PngFile
{
    /// <summary>The file's bytes.</summary>
    public static byte[] Write(Canvas canvas)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, canvas.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], canvas.Height);
        (header[8], header[9]) = (8, 2);
        header[10..].Clear();
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, Compress(canvas));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Compress(Canvas canvas)
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal))
        {
            int stride = canvas.Width * 3;
            for (int row = 0; row < canvas.Height; row++)
            {
                deflate.WriteByte(0);
                deflate.Write(canvas.Pixels.Slice(row * stride, stride));
            }
        }

        return packed.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Zlib.Compute(data, Crc32.Zlib.Compute(type)));
        file.Write(number);
    }
}
