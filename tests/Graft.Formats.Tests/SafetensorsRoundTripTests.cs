using Graft.Tensors;

namespace Graft.Formats.Tests;

public sealed unsafe class SafetensorsRoundTripTests
{
    [Fact]
    public void Everything_written_comes_back_bit_by_bit()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        byte[] bytes = new byte[24];
        new Random(1).NextBytes(bytes);
        DType[] dtypes = Enum.GetValues<DType>();
        var sources = dtypes.Select(dtype => TensorSource.FromBytes($"t/{dtype}", dtype, [24 / dtype.SizeInBytes()], bytes)).ToList();
        sources.Add(TensorSource.FromBytes("scalar", DType.Int64, [], bytes.AsMemory(0, 8)));
        sources.Add(TensorSource.FromBytes("empty", DType.BFloat16, [3, 0, 5], default));
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["quote\"\\\n\u0001"] = "ключ 🌱" };
        SafetensorsWriter.Write(path, sources, metadata);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(path, file.Path);
        Assert.Equal(metadata, file.Metadata);
        Assert.Equal(sources.Count, file.Tensors.Count);
        foreach (TensorSource source in sources)
        {
            Assert.True(file.TryGet(source.Name, out TensorEntry? entry));
            Assert.Equal(source.DType, entry.DType);
            Assert.Equal(source.Shape, entry.Shape);
            Assert.Equal(source.ByteLength, entry.ByteLength);
            Assert.Equal(source.ByteLength / source.DType.SizeInBytes(), entry.ElementCount);
            Assert.Equal(path, entry.FilePath);
            Assert.True(new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteLength).SequenceEqual(bytes.AsSpan(0, (int)entry.ByteLength)));
            Assert.Equal(0, (long)entry.Data % source.DType.SizeInBytes());
        }

        Assert.False(file.TryGet("missing", out _));
    }

    [Fact]
    public void The_header_is_laid_out_as_the_library_does()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path,
        [
            TensorSource.FromBytes("z", DType.UInt8, [3], new byte[3]),
            TensorSource.FromSingles("b", [1, 2], new float[2]),
            TensorSource.FromBytes("c", DType.Float16, [], new byte[2]),
            TensorSource.FromSingles("B", [0], default),
            TensorSource.FromBytes("ü", DType.Int64, [1], new byte[8]),
        ]);
        string header = SafetensorsBytes.HeaderOf(File.ReadAllBytes(path));
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"ü":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"B":{"dtype":"F32","shape":[0],"data_offsets":[8,8]},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"c":{"dtype":"F16","shape":[],"data_offsets":[16,18]},"z":{"dtype":"U8","shape":[3],"data_offsets":[18,21]}}""",
            header.TrimEnd(' '));
        Assert.Equal(0, System.Text.Encoding.UTF8.GetByteCount(header) % 8);
    }

    [Fact]
    public void No_tensors_and_no_metadata_is_a_file_too()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("none.safetensors");
        SafetensorsWriter.Write(path, [], new Dictionary<string, string>());
        Assert.Equal("{}      ", SafetensorsBytes.HeaderOf(File.ReadAllBytes(path)));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Native_memory_and_entries_of_other_files_are_written_from_where_they_are()
    {
        using var folder = new TemporaryFolder();
        float[] values = [1, -0f, float.NaN, float.PositiveInfinity];
        fixed (float* start = values)
        {
            SafetensorsWriter.Write(folder.File("a"), [TensorSource.FromPointer("w", DType.Float32, [2, 2], (byte*)start)]);
        }

        using SafetensorsFile a = SafetensorsFile.Open(folder.File("a"));
        SafetensorsWriter.Write(folder.File("b"), [TensorSource.FromEntry(a.Tensors[0], "renamed")]);
        using SafetensorsFile b = SafetensorsFile.Open(folder.File("b"));
        Assert.Equal("renamed", b.Tensors[0].Name);
        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), b.Tensors[0].ToSingles().Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void A_model_is_streamed_and_never_held()
    {
        using var folder = new TemporaryFolder();
        byte[] chunk = new byte[1 << 16];
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsWriter.Write(folder.File("big"), [new TensorSource("w", DType.UInt8, [256, 1 << 16], stream =>
        {
            for (int i = 0; i < 256; i++)
            {
                stream.Write(chunk);
            }
        })]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.InRange(new FileInfo(folder.File("big")).Length, 256 << 16, (256 << 16) + 1000);
    }

    [Fact]
    public void A_tensor_that_writes_too_much_or_too_little_is_an_error_and_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        foreach (int length in new[] { 0, 7, 9 })
        {
            var source = new TensorSource("short", DType.Float32, [2], stream => stream.Write(new byte[length]));
            Assert.Contains("'short'", Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.File("a"), [source])).Message);
        }

        Assert.Empty(folder.Names());
    }

    [Fact]
    public void Names_must_be_unique_free_and_valid_text()
    {
        using var folder = new TemporaryFolder();
        TensorSource Named(string name) => TensorSource.FromSingles(name, [1], new float[1]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.File("a"), [Named("x"), Named("x")]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder.File("a"), [Named("__metadata__")]));
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsWriter.Write(folder.File("a"), [Named("\ud800")]));
        Assert.Throws<ArgumentException>(() => TensorSource.FromSingles("x", [2], new float[1]));
        Assert.Throws<ArgumentException>(() => TensorSource.FromBytes("x", DType.Int64, [-1], default));
        Assert.Throws<ArgumentException>(() => new TensorSource("x", DType.UInt8, [1L << 62, 4], _ => { }));
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void A_full_disk_leaves_the_old_weights()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        SafetensorsWriter.Write(path, [TensorSource.FromSingles("w", [1], new float[] { 5 })]);
        using (AtomicFile.Interpose(stream => new FullDiskStream(stream, 100)))
        {
            Assert.Throws<IOException>(() => SafetensorsWriter.Write(path, [TensorSource.FromSingles("w", [100], new float[100])]));
        }

        Assert.Equal(["model.safetensors"], folder.Names());
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([5f], file.Tensors[0].ToSingles());
    }

    [Fact]
    public void Entries_of_a_closed_file_are_not_readable()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a"), [TensorSource.FromSingles("w", [1], new float[1])]);
        SafetensorsFile file = SafetensorsFile.Open(folder.File("a"));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Tensors[0].ToSingles());
    }
}
