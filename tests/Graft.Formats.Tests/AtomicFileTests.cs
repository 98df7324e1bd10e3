namespace Graft.Formats.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void Writes_text_without_a_byte_order_mark_and_replaces_what_was_there()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("config.json");
        AtomicFile.WriteAllText(path, "first, and longer");
        AtomicFile.WriteAllText(path, "ü");
        Assert.Equal("ü"u8.ToArray(), File.ReadAllBytes(path));
        Assert.Equal(["config.json"], folder.Names());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    public void A_full_disk_leaves_the_target_as_it_was_and_nothing_beside_it(int room)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("state.json", [1, 2, 3]);
        using (AtomicFile.Interpose(stream => new FullDiskStream(stream, room)))
        {
            IOException error = Assert.Throws<IOException>(() => AtomicFile.WriteAllBytes(path, new byte[100]));
            Assert.Contains("state.json", error.Message);
            Assert.Contains("No space left", error.Message);
        }

        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(["state.json"], folder.Names());
        AtomicFile.WriteAllBytes(path, [4]);
        Assert.Equal([4], File.ReadAllBytes(path));
    }

    [Fact]
    public void An_exception_of_the_writer_passes_through_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a", [7]);
        Assert.Throws<ArgumentException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[10]);
            throw new ArgumentException("no");
        }));
        Assert.Equal([7], File.ReadAllBytes(path));
        Assert.Equal(["a"], folder.Names());
    }

    [Fact]
    public void A_missing_folder_and_a_file_used_as_a_folder_are_clear_errors()
    {
        using var folder = new TemporaryFolder();
        folder.Write("file", []);
        Assert.Contains("missing", Assert.Throws<IOException>(() => AtomicFile.WriteAllBytes(folder.File("missing/a.json"), [1])).Message);
        Assert.Contains("a.json", Assert.Throws<IOException>(() => AtomicFile.WriteAllBytes(folder.File("file/a.json"), [1])).Message);
        Assert.Equal(["file"], folder.Names());
    }

    [SkippableFact]
    public void A_read_only_folder_is_a_clear_error()
    {
        Skip.If(Environment.UserName == "root", "permissions do not hold for root");
        if (OperatingSystem.IsWindows())
        {
            throw new SkipException("folders have no write permission there");
        }

        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.Contains("permissions", Assert.Throws<IOException>(() => AtomicFile.WriteAllBytes(folder.File("a"), [1])).Message);
        }
        finally
        {
            File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
