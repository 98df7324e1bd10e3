using System.Buffers.Binary;

namespace Graft.Formats.Tests;

public sealed class ZipDirectoryTests
{
    private static readonly byte[] Name = "a/data/0"u8.ToArray();
    private static readonly byte[] Content = [1, 2, 3];

    [Fact]
    public void Sizes_and_offsets_of_64_bits_are_read()
    {
        using var folder = new TemporaryFolder();
        using MappedFile file = MappedFile.Open(folder.Write("a.zip", Make(length: 3, stored: 3, local: 2)));
        ZipEntry entry = ZipDirectory.Read(file).Entries["a/data/0"];
        Assert.Equal((3L, 3L, false), (entry.Length, entry.StoredLength, entry.Deflated));
        Assert.Equal(Content, file.Slice(entry.Offset, 3).ToArray());
    }

    [Theory]
    [InlineData(1L << 40, 1L << 40, 2)]
    [InlineData(3, 4, 2)]
    [InlineData(-3, -3, 2)]
    [InlineData(3, 3, 1L << 40)]
    [InlineData(3, 3, -1)]
    [InlineData(3, 3, 3)]
    public void Wrong_ones_are_refused(long length, long stored, long local)
    {
        using var folder = new TemporaryFolder();
        using MappedFile file = MappedFile.Open(folder.Write("a.zip", Make(length, stored, local)));
        Assert.Contains("a.zip", Assert.Throws<InvalidDataException>(() => ZipDirectory.Read(file)).Message);
    }

    /// <summary>A zip file of one stored record whose sizes, offset and end record are all of 64 bits, two bytes into the file.</summary>
    private static byte[] Make(long length, long stored, long local)
    {
        byte[] none = [0xff, 0xff, 0xff, 0xff];
        List<byte> file = [0, 0];
        file.AddRange([.. Four(0x04034b50), 45, 0, 0, 0, 0, 0, .. new byte[8], .. none, .. none, (byte)Name.Length, 0, 4, 0, .. Name, 0x46, 0x42, 0, 0, .. Content]);
        long directory = file.Count;
        file.AddRange([.. Four(0x02014b50), 45, 0, 45, 0, 0, 0, 0, 0, .. new byte[8], .. none, .. none, (byte)Name.Length, 0, 32, 0, .. new byte[10], .. none, .. Name]);
        file.AddRange([0x46, 0x42, 0, 0, 1, 0, 24, 0, .. Eight(length), .. Eight(stored), .. Eight(local)]);
        long end = file.Count;
        file.AddRange([.. Four(0x06064b50), .. Eight(44), 45, 0, 45, 0, .. new byte[8], .. Eight(1), .. Eight(1), .. Eight(end - directory), .. Eight(directory)]);
        file.AddRange([.. Four(0x07064b50), .. new byte[4], .. Eight(end), 1, 0, 0, 0]);
        file.AddRange([.. Four(0x06054b50), .. new byte[4], 0xff, 0xff, 0xff, 0xff, .. none, .. none, 0, 0]);
        return [.. file];
    }

    private static byte[] Four(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Eight(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
