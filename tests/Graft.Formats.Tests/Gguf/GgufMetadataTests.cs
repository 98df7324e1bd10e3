using System.Runtime.InteropServices;

namespace Graft.Formats.Tests;

public sealed class GgufMetadataTests
{
    [Fact]
    public void Values_are_read_in_the_type_that_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        using GgufFile file = Open(folder);
        var metadata = new GgufMetadata(file);
        Assert.True(metadata.Has("text"));
        Assert.False(metadata.Has("other"));
        Assert.Equal("x", metadata.Text("text"));
        Assert.Equal(7, metadata.Size("u64"));
        Assert.Equal(-1, metadata.OptionalInteger("i8"));
        Assert.Equal(0.5, metadata.OptionalNumber("f32"));
        Assert.Equal(7, metadata.OptionalNumber("u64"));
        Assert.True(metadata.OptionalFlag("flag"));
        Assert.Equal(["a", "b"], metadata.OptionalTexts("texts")!);
        Assert.Equal([1f, -2f], metadata.OptionalSingles("floats")!);
        Assert.Equal([1, 2], metadata.OptionalIntegers("ints")!);
        Assert.Equal([1, 255], metadata.OptionalBytes("bytes")!);
        Assert.Equal([1, 255], metadata.OptionalBytes("signed")!);
    }

    [Fact]
    public void Absent_values_are_null()
    {
        using var folder = new TemporaryFolder();
        using GgufFile file = Open(folder);
        var metadata = new GgufMetadata(file);
        Assert.Null(metadata.OptionalText("other"));
        Assert.Null(metadata.OptionalInteger("other"));
        Assert.Null(metadata.OptionalNumber("other"));
        Assert.Null(metadata.OptionalFlag("other"));
        Assert.Null(metadata.OptionalTexts("other"));
        Assert.Null(metadata.OptionalSingles("other"));
        Assert.Null(metadata.OptionalIntegers("other"));
        Assert.Null(metadata.OptionalBytes("other"));
    }

    [Fact]
    public void Errors_name_the_file_the_key_and_what_is_wrong()
    {
        using var folder = new TemporaryFolder();
        using GgufFile file = Open(folder);
        var metadata = new GgufMetadata(file);
        void Refuses(string message, Action<GgufMetadata> read)
        {
            string error = Assert.Throws<InvalidDataException>(() => read(metadata)).Message;
            Assert.Contains(message, error, StringComparison.Ordinal);
            Assert.Contains(file.Path, error, StringComparison.Ordinal);
        }

        Refuses("lack other", m => m.Text("other"));
        Refuses("lack other", m => m.Size("other"));
        Refuses("i8 must be positive, but is -1", m => m.Size("i8"));
        Refuses("large must be an integer", m => m.OptionalInteger("large"));
        Refuses("text must be an integer", m => m.OptionalNumber("text"));
        Refuses("u64 must be a text, but is 7", m => m.Text("u64"));
        Refuses("u64 must be true or false", m => m.OptionalFlag("u64"));
        Refuses("floats must be a list of texts, but is a list of 2", m => m.OptionalTexts("floats"));
        Refuses("texts must be a list of fp32 numbers", m => m.OptionalSingles("texts"));
        Refuses("texts must be a list of 32-bit integers", m => m.OptionalIntegers("texts"));
        Refuses("ints must be a list of bytes", m => m.OptionalBytes("ints"));
    }

    private static GgufFile Open(TemporaryFolder folder) => GgufFile.Open(folder.Write("a.gguf", new GgufBytes()
        .Entry("text", 8, GgufBytes.Text("x")).Entry("u64", 10, BitConverter.GetBytes(7UL)).Entry("large", 10, BitConverter.GetBytes(ulong.MaxValue)).Entry("i8", 1, 255)
        .Entry("f32", 6, BitConverter.GetBytes(0.5f)).Entry("flag", 7, 1)
        .Entry("texts", 9, GgufBytes.Array(8, 2, [.. GgufBytes.Text("a"), .. GgufBytes.Text("b")]))
        .Entry("floats", 9, GgufBytes.Array(6, 2, MemoryMarshal.AsBytes<float>([1, -2]).ToArray()))
        .Entry("ints", 9, GgufBytes.Array(5, 2, MemoryMarshal.AsBytes<int>([1, 2]).ToArray()))
        .Entry("bytes", 9, GgufBytes.Array(0, 2, 1, 255)).Entry("signed", 9, GgufBytes.Array(1, 2, 1, 255)).ToArray([])));
}
