using System.Buffers.Binary;
using Graft.Tensors;

namespace Graft.Formats.Tests;

public sealed class SafetensorsDamageTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""";

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[0],"data_offsets":[16,16]}}""", "'a' occurs twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", "'a': dtype occurs twice")]
    [InlineData("""{"a":["F32",[2,2],[0,16]]}""", "'a' is a list")]
    [InlineData("""{"a":{"dtype":"f32","shape":[2,2],"data_offsets":[0,16]}}""", "'f32' is not known")]
    [InlineData("""{"a":{"dtype":3,"shape":[2,2],"data_offsets":[0,16]}}""", "dtype is a number")]
    [InlineData("""{"a":{"shape":[2,2],"data_offsets":[0,16]}}""", "'a' has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,16]}}""", "'a' has no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2]}}""", "'a' has no data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":4,"data_offsets":[0,16]}}""", "shape is a number")]
    [InlineData("""{"a":{"dtype":"F32","shape":null,"data_offsets":[0,16]}}""", "shape is null")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}}""", "shape[0] is not an integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2.0],"data_offsets":[0,16]}}""", "shape[1] is not an integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,1e999],"data_offsets":[0,16]}}""", "shape[1] is not an integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,16]}}""", "takes 24 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16]}}""", "more than 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", "more than 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[16]}}""", "has 1 values")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[16,0]}}""", "before it begins")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":["0","16"]}}""", "data_offsets[0] is not an integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,9223372036854775808]}}""", "data_offsets[1] is not an integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}""", "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "4 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}""", "only 16 bytes of data")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "share bytes")]
    [InlineData("""{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", "must be strings")]
    [InlineData("""{"__metadata__":null,"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", "__metadata__ is null")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "'a' occurs twice")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", "not valid text")]
    [InlineData(Good + "\0", "not valid JSON")]
    [InlineData(Good + "{}", "not valid JSON")]
    [InlineData(" " + Good, "does not begin with '{'")]
    [InlineData("\ufeff" + Good, "does not begin with '{'")]
    [InlineData("[]", "does not begin with '{'")]
    [InlineData("null", "does not begin with '{'")]
    [InlineData("", "does not begin with '{'")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{/**/}", "not valid JSON")]
    public void Damaged_headers_are_refused_and_the_error_says_where(string header, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("bad.safetensors", SafetensorsBytes.Make(header));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        Assert.Contains("bad.safetensors", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData(Good)]
    [InlineData(Good + "      ")]
    [InlineData("{ \"a\" : {\"data_offsets\":[0,16],\"shape\":[2,2],\n\"dtype\":\"F32\"}}")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"extra":{"x":[1]}}}""")]
    [InlineData("""{"\u0061":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""")]
    [InlineData("""{"z":{"dtype":"F32","shape":[0,7],"data_offsets":[16,16]},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"y":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}""")]
    public void Unusual_but_sound_headers_are_read(string header)
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("odd.safetensors", SafetensorsBytes.Make(header)));
        Assert.True(file.TryGet("a", out TensorEntry? entry));
        Assert.Equal([2L, 2L], entry.Shape);
        Assert.Equal(4, entry.ToSingles().Length);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(100_000_001UL)]
    [InlineData(1000UL)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    public void Wrong_header_lengths_are_refused(ulong length)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = SafetensorsBytes.Make(Good);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        string path = folder.Write("bad.safetensors", bytes);
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = SafetensorsBytes.Make(Good);
        for (int length = 0; length < bytes.Length; length++)
        {
            string path = folder.Write("cut.safetensors", bytes[..length]);
            Assert.Contains("cut.safetensors", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
        }
    }

    [Fact]
    public void Random_damage_is_refused_or_read_in_little_memory()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("good"),
        [
            TensorSource.FromSingles("layer.0.weight", [3, 2], new float[6]),
            TensorSource.FromBytes("layer.0.bias", DType.BFloat16, [3], new byte[6]),
            TensorSource.FromBytes("empty", DType.Int64, [0], default),
        ]);
        byte[] good = File.ReadAllBytes(folder.File("good"));
        var random = new Random(20);
        byte[] pieces = "{}[]\":,0199eE-. \\u\0ÿ"u8.ToArray();
        int refused = 0;
        for (int trial = 0; trial < 1000; trial++)
        {
            byte[] damaged = (byte[])good.Clone();
            for (int hits = random.Next(1, 4); hits > 0; hits--)
            {
                damaged[random.Next(good.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : pieces[random.Next(pieces.Length)];
            }

            string path = folder.Write("damaged", damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                Assert.All(file.Tensors, entry => Assert.InRange(entry.ByteLength, 0, damaged.Length));
            }
            catch (InvalidDataException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 18);
        }

        Assert.InRange(refused, 500, 1000);
    }

    [Fact]
    public void Missing_files_and_folders_are_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("absent", Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(folder.File("absent"))).Message);
        Assert.Contains("is a folder", Assert.Throws<IOException>(() => SafetensorsFile.Open(folder.Path)).Message);
    }
}
