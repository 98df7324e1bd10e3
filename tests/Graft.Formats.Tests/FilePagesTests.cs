using Graft.Tensors;

namespace Graft.Formats.Tests;

/// <summary>Advice about mapped pages: what it may touch, and that the bytes stay what they are.</summary>
public sealed unsafe class FilePagesTests
{
    private const int Bytes = (1 << 20) + 77;

    [Fact]
    public void Bytes_are_the_same_after_reading_ahead_and_letting_go()
    {
        using var folder = new TemporaryFolder();
        byte[] expected = new byte[Bytes];
        new Random(3).NextBytes(expected);
        using SafetensorsFile file = Open(folder, expected);
        TensorEntry entry = file.Tensors[0];
        foreach ((int start, int length) in new[] { (0, Bytes), (1, 1), (5000, 4096), (4096, 300_000), (Bytes - 1, 1), (Bytes, 0) })
        {
            file.Pages.ReadAhead((nint)entry.Data + start, length);
            Assert.True(new ReadOnlySpan<byte>(entry.Data, Bytes).SequenceEqual(expected));
            file.Pages.Release((nint)entry.Data + start, length);
            Assert.True(new ReadOnlySpan<byte>(entry.Data, Bytes).SequenceEqual(expected));
            file.Pages.Unload((nint)entry.Data + start, length);
            Assert.True(new ReadOnlySpan<byte>(entry.Data, Bytes).SequenceEqual(expected));
        }
    }

    [SkippableFact]
    public void Whole_pages_leave_the_process_and_those_of_neighbours_stay()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "resident pages are counted in /proc/self/smaps");
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = Open(folder, new byte[Bytes]);
        nint start = file.Pages.Start;
        int page = Environment.SystemPageSize;
        Touch(file);
        Assert.Equal(Whole(file.Pages.Length, page), ResidentPages.Of(file.Pages));

        // From the middle of page 2 to the middle of page 6: pages 3, 4 and 5.
        file.Pages.Release(start + (5 * page / 2), 4 * page);
        Assert.Equal(Whole(file.Pages.Length, page) - (3 * page), ResidentPages.Of(file.Pages));
        Touch(file);
        file.Pages.Release(start, file.Pages.Length);
        Assert.Equal(0, ResidentPages.Of(file.Pages));
        Touch(file);
        file.Pages.Unload(start, file.Pages.Length - page);
        Assert.InRange(ResidentPages.Of(file.Pages), page, 2 * page);
    }

    [Fact]
    public void Memory_that_is_not_the_files_is_refused()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = Open(folder, new byte[Bytes]);
        (nint start, long length) = (file.Pages.Start, file.Pages.Length);
        Assert.True(file.Pages.Contains(start, length));
        foreach ((nint address, long count) in new[] { (start - 1, 1L), (start, length + 1), (start + (nint)length, 1L), (start, -1L), (start + 1, long.MaxValue) })
        {
            Assert.False(file.Pages.Contains(address, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Pages.ReadAhead(address, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Pages.Release(address, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Pages.Unload(address, count));
        }

        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Pages.Release(start, length));
    }

    private static long Whole(long bytes, int page) => (bytes + page - 1) / page * page;

    private static SafetensorsFile Open(TemporaryFolder folder, byte[] bytes)
    {
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [TensorSource.FromBytes("a", DType.UInt8, [bytes.Length], bytes)]);
        return SafetensorsFile.Open(path);
    }

    private static void Touch(SafetensorsFile file)
    {
        for (long i = 0; i < file.Pages.Length; i += 512)
        {
            _ = Volatile.Read(ref *(byte*)(file.Pages.Start + (nint)i));
        }
    }
}
