using System.Runtime.InteropServices;

namespace Graft.Formats.Tests;

public sealed unsafe class GgufFileTests
{
    [Fact]
    public void Metadata_of_every_type_come_as_they_were_written()
    {
        using var folder = new TemporaryFolder();
        byte[] nested = GgufBytes.Array(9, 2, [.. GgufBytes.Array(0, 1, 7), .. GgufBytes.Array(8, 1, GgufBytes.Text("x"))]);
        byte[] bytes = new GgufBytes()
            .Entry("u8", 0, 255).Entry("i8", 1, 255).Entry("u16", 2, 255, 255).Entry("i16", 3, 255, 255)
            .Entry("u32", 4, 255, 255, 255, 255).Entry("i32", 5, 255, 255, 255, 255).Entry("f32", 6, BitConverter.GetBytes(0.5f))
            .Entry("bool", 7, 2).Entry("text", 8, GgufBytes.Text("ü")).Entry("u64", 10, BitConverter.GetBytes(ulong.MaxValue))
            .Entry("i64", 11, BitConverter.GetBytes(-1L)).Entry("f64", 12, BitConverter.GetBytes(0.25))
            .Entry("floats", 9, GgufBytes.Array(6, 2, MemoryMarshal.AsBytes<float>([1, -2]).ToArray()))
            .Entry("flags", 9, GgufBytes.Array(7, 3, 0, 1, 9)).Entry("texts", 9, GgufBytes.Array(8, 2, [.. GgufBytes.Text("a"), .. GgufBytes.Text(string.Empty)]))
            .Entry("none", 9, GgufBytes.Array(5, 0)).Entry("nested", 9, nested).ToArray([]);
        using GgufFile file = GgufFile.Open(folder.Write("a.gguf", bytes));
        object Value(string key) => file.Metadata[key].Value;
        Assert.Equal((byte)255, Value("u8"));
        Assert.Equal((sbyte)-1, Value("i8"));
        Assert.Equal((ushort)65535, Value("u16"));
        Assert.Equal((short)-1, Value("i16"));
        Assert.Equal(uint.MaxValue, Value("u32"));
        Assert.Equal(-1, Value("i32"));
        Assert.Equal(0.5f, Value("f32"));
        Assert.Equal(true, Value("bool"));
        Assert.Equal("ü", Value("text"));
        Assert.Equal(ulong.MaxValue, Value("u64"));
        Assert.Equal(-1L, Value("i64"));
        Assert.Equal(0.25, Value("f64"));
        Assert.Equal(new[] { 1f, -2f }, Value("floats"));
        Assert.Equal(new[] { false, true, true }, Value("flags"));
        Assert.Equal(new[] { "a", string.Empty }, Value("texts"));
        Assert.Equal(Array.Empty<int>(), Value("none"));
        Assert.Equal(GgufValueType.Array, file.Metadata["nested"].Type);
        Assert.Equal(GgufValueType.Array, file.Metadata["nested"].ElementType);
        Assert.Equal("x", Assert.IsType<string[]>(((GgufValue[])Value("nested"))[1].Value)[0]);
        Assert.Equal(3u, file.Version);
        Assert.Equal(32u, file.Alignment);
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void Tensors_are_found_at_their_offsets_with_their_blocks()
    {
        using var folder = new TemporaryFolder();
        byte[] data = new byte[128 + 24];
        MemoryMarshal.Cast<byte, float>(data.AsSpan(128))[5] = 2.5f;
        data[0] = 77;
        byte[] bytes = new GgufBytes { Alignment = 64, Version = 2 }.Entry("general.alignment", 4, 64, 0, 0, 0)
            .Tensor("f", 0, 128, 3, 2).Tensor("q", 2, 0, 64, 2).Tensor("empty", 2, 0, 32, 0).ToArray(data);
        using GgufFile file = GgufFile.Open(folder.Write("a.gguf", bytes));
        Assert.Equal(["f", "q", "empty"], file.Tensors.Select(tensor => tensor.Name));
        Assert.True(file.TryGet("q", out GgufTensor? blocks));
        Assert.Equal(GgufTensorType.Q4_0, blocks.Type);
        Assert.Equal([64L, 2L], blocks.Dimensions);
        Assert.Equal([2L, 64L], blocks.Shape);
        Assert.Equal((128L, 72L), (blocks.ElementCount, blocks.ByteLength));
        Assert.Equal(77, blocks.Data[0]);
        Assert.Equal(bytes.Length - 152, blocks.FileOffset);
        Assert.Equal("f Float32 [2, 3]", file.Tensors[0].ToEntry().ToString());
        Assert.Equal([0f, 0, 0, 0, 0, 2.5f], file.Tensors[0].ToEntry().ToSingles());
        Assert.Contains("Q4_0", Assert.Throws<NotSupportedException>(() => blocks.ToEntry()).Message);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)blocks.Data);
    }

    [Fact]
    public void Unsound_files_are_refused_and_the_error_says_why()
    {
        static GgufBytes Good() => new GgufBytes().Entry("general.architecture", 8, GgufBytes.Text("llama"));
        byte[] data = new byte[64];
        Check("does not begin with", [.. "gguf"u8, .. new byte[60]]);
        Check("version 1,", new GgufBytes { Version = 1 }.ToArray([]));
        Check("version 4;", new GgufBytes { Version = 4 }.ToArray([]));
        Check("big endian", new GgufBytes { Version = 3u << 24 }.ToArray([]));
        Check("metadata entries are", new GgufBytes { ExtraEntries = 1UL << 60 }.ToArray(data));
        Check("the tensors are", new GgufBytes { ExtraTensors = 1UL << 60 }.ToArray(data));
        Check("unknown value type 13", Good().Entry("x", 13, 0).ToArray(data));
        Check("occurs twice", Good().Entry("general.architecture", 0, 1).ToArray(data));
        Check("not valid UTF-8", Good().Entry([0xff], 0, 1).ToArray(data));
        Check("bytes of 's'", Good().Entry("s", 8, BitConverter.GetBytes(ulong.MaxValue)).ToArray(data));
        Check("elements of 'a'", Good().Entry("a", 9, GgufBytes.Array(0, 1UL << 60)).ToArray(data));
        Check("elements of 'a'", Good().Entry("a", 9, GgufBytes.Array(8, 100)).ToArray(data));
        Check("nested deeper", Good().Entry("a", 9, [.. Enumerable.Range(0, 1000).SelectMany(_ => GgufBytes.Array(9, 1))]).ToArray(data));
        Check("is 0,", Good().Entry("general.alignment", 4, 0, 0, 0, 0).ToArray(data));
        Check("is 24,", Good().Entry("general.alignment", 4, 24, 0, 0, 0).ToArray(data));
        Check("type String", Good().Entry("general.alignment", 8, GgufBytes.Text("32")).ToArray(data));
        Check("5 dimensions", Good().Tensor("w", 0, 0, 1, 1, 1, 1, 1).ToArray(data));
        Check("unknown type 250", Good().Tensor("w", 250, 0, 4).ToArray(data));
        Check("unknown type 4", Good().Tensor("w", 4, 0, 4).ToArray(data));
        Check("a dimension of", Good().Tensor("w", 0, 0, 1UL << 63).ToArray(data));
        Check("more than 2^63", Good().Tensor("w", 0, 0, 1UL << 32, 1UL << 32).ToArray(data));
        Check("more than 2^63", Good().Tensor("w", 0, 0, 1UL << 62).ToArray(data));
        Check("not a multiple of the 32", Good().Tensor("w", 2, 0, 33).ToArray(data));
        Check("multiple of the alignment", Good().Tensor("w", 0, 4, 4).ToArray(data));
        Check("64 bytes of data", Good().Tensor("w", 0, 64, 4).ToArray(data));
        Check("64 bytes of data", Good().Tensor("w", 0, 1UL << 63, 4).ToArray(data));
        Check("63 bytes of data", Good().Tensor("w", 0, 0, 16).ToArray(data[..63]));
        Check("share bytes", Good().Tensor("w", 0, 0, 9).Tensor("x", 0, 32, 1).ToArray(data));
        Check("two tensors", Good().Tensor("w", 0, 0, 1).Tensor("w", 0, 32, 1).ToArray(data));
        static void Check(string expected, byte[] bytes)
        {
            using var folder = new TemporaryFolder();
            string path = folder.Write("bad.gguf", bytes);
            string message = Assert.Throws<InvalidDataException>(() => GgufFile.Open(path).Dispose()).Message;
            Assert.Contains("bad.gguf", message);
            Assert.Contains(expected, message);
        }
    }

    [Fact]
    public void Damage_of_every_kind_is_refused_or_read_in_little_memory()
    {
        using var folder = new TemporaryFolder();
        byte[] good = new GgufBytes().Entry("general.architecture", 8, GgufBytes.Text("llama")).Entry("a", 9, GgufBytes.Array(8, 2, [.. GgufBytes.Text("a"), .. GgufBytes.Text("b")]))
            .Tensor("w", 0, 0, 4, 4).Tensor("q", 2, 64, 32).ToArray(new byte[64 + 18]);
        for (int length = 0; length < good.Length; length++)
        {
            string path = folder.Write("cut.gguf", good[..length]);
            Assert.Throws<InvalidDataException>(() => GgufFile.Open(path));
        }

        var random = new Random(22);
        for (int trial = 0; trial < 500; trial++)
        {
            byte[] damaged = (byte[])good.Clone();
            damaged[random.Next(good.Length)] = (byte)random.Next(256);
            damaged[random.Next(good.Length)] = (byte)(1 << random.Next(8));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using GgufFile file = GgufFile.Open(folder.Write("damaged.gguf", damaged));
                Assert.All(file.Tensors, tensor => Assert.InRange(tensor.ByteLength, 0, good.Length));
            }
            catch (InvalidDataException)
            {
                // Refused, as most are.
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 18);
        }
    }
}
