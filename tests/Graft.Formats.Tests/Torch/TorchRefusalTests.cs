using System.IO.Compression;

namespace Graft.Formats.Tests;

public sealed class TorchRefusalTests
{
    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("builtins", "dict")]
    [InlineData("torch.hub", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch", "os.system")]
    [InlineData("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("my_project.model", "Model")]
    public void Names_that_are_not_on_the_list_are_refused_by_name(string module, string name)
    {
        byte[] call = new PickleBytes().Global(module, name).Text("echo").Raw(0x85).Op('R').Stop();
        byte[] stackGlobal = new PickleBytes(4).Text(module).Text(name).Raw(0x93).Stop();
        byte[] newObject = new PickleBytes().Global(module, name).Op(')').Raw(0x81).Stop();
        foreach (byte[] pickle in new[] { call, stackGlobal, newObject })
        {
            Assert.Contains($"'{module}.{name}'", Refuse(TorchBytes.Zip(pickle)));
            Assert.Contains($"'{module}.{name}'", Refuse(TorchBytes.Legacy(pickle)));
        }
    }

    [Fact]
    public void Damaged_pickles_are_refused()
    {
        Check("is not a pickle opcode", new PickleBytes().Raw(0xff).Stop());
        Check("pickle opcode Inst", new PickleBytes().Mark().Op('i').Stop());
        Check("pickle opcode Ext1", new PickleBytes().Raw(0x82, 1).Stop());
        Check("protocol 255", new PickleBytes(255).Op('N').Stop());
        Check("should follow", new PickleBytes().Op('X').Raw(255, 255, 255, 127).Stop());
        Check("should follow", new PickleBytes().Raw(0x8e, 255, 255, 255, 255, 255, 255, 255, 127).Stop());
        Check("should follow", new PickleBytes().Raw(0x95, 0, 0, 0, 0, 0, 0, 0, 16).Stop());
        Check("should follow", new PickleBytes().Op('N').ToArray());
        Check("should follow", []);
        Check("memo 5", new PickleBytes().Op('h').Raw(5).Stop());
        Check("empty stack", new PickleBytes().Op('R').Stop());
        Check("empty stack", new PickleBytes().Op('N').Mark().Op('0').Stop());
        Check("never set", new PickleBytes().Op('t').Stop());
        Check("left over", new PickleBytes().Op('N').Op('N').Stop());
        Check("left over", new PickleBytes().Mark().Op('N').Stop());
        Check("not a dictionary", new PickleBytes().Op(')').Op('N').Op('N').Op('s').Stop());
        Check("key without a value", new PickleBytes().Op('}').Mark().Op('N').Op('u').Stop());
        Check("not short text", new PickleBytes().Op('}').Op(']').Op('N').Op('s').Stop());
        Check("not valid UTF-8", new PickleBytes().Op('X').Raw(1, 0, 0, 0, 0xff).Stop());
        Check("does not end", new PickleBytes().Op('c').Raw((byte)'x').Stop());
        Check("state of an object", new PickleBytes().Op(']').Op('}').Op('b').Stop());
        Check("not a function", new PickleBytes().Op('N').Op(')').Op('R').Stop());
        Check("Python class", new PickleBytes().Global("torch", "Tensor").Stop());
        Check("persistent id", new PickleBytes().Text("storage").Op('Q').Stop());
        Check("_codecs.encode", new PickleBytes().Global("_codecs", "encode").Text("x").Text("rot13").Raw(0x86).Op('R').Stop());
        static void Check(string expected, byte[] pickle) => Assert.Contains(expected, Refuse(TorchBytes.Zip(pickle)));
    }

    [Theory]
    [InlineData("FloatStorage", 6, 3, new long[] { 2, 3 }, new long[] { 3, 1 }, "reaches to 8")]
    [InlineData("FloatStorage", 6, -1, new long[] { 2 }, new long[] { 1 }, "element -1")]
    [InlineData("FloatStorage", 6, 0, new long[] { 7 }, new long[] { 1 }, "reaches to 6")]
    [InlineData("FloatStorage", 6, 0, new long[] { -2, 3 }, new long[] { 3, 1 }, "negative")]
    [InlineData("FloatStorage", 6, 0, new long[] { 2, 3 }, new long[] { -3, 1 }, "negative stride")]
    [InlineData("FloatStorage", 6, 0, new long[] { 2, 3 }, new long[] { 1 }, "2 sizes and 1 strides")]
    [InlineData("FloatStorage", 6, 0, new long[] { 1L << 32, 1L << 32 }, new long[] { 0, 0 }, "more than 2^63 bytes")]
    [InlineData("FloatStorage", 6, 0, new long[] { 1L << 40 }, new long[] { 0 }, "bytes of memory")]
    [InlineData("FloatStorage", 6, 0, new long[] { 2, 2, 2 }, new long[] { long.MaxValue, long.MaxValue, long.MaxValue }, "reaches to")]
    [InlineData("FloatStorage", 600, 0, new long[] { 6 }, new long[] { 1 }, "asks for 600 elements")]
    [InlineData("FloatStorage", 5, 0, new long[] { 5 }, new long[] { 1 }, "asks for 5 elements")]
    [InlineData("FloatStorage", 1L << 60, 0, new long[] { 6 }, new long[] { 1 }, "elements of 4")]
    [InlineData("FloatStorage", -6, 0, new long[] { 6 }, new long[] { 1 }, "persistent id")]
    [InlineData("UntypedStorage", 24, 0, new long[] { 6 }, new long[] { 1 }, "no dtype")]
    [InlineData("QInt8Storage", 6, 0, new long[] { 6 }, new long[] { 1 }, "torch.QInt8Storage")]
    public void Tensors_that_reach_outside_their_storage_are_refused(string storage, long count, long offset, long[] size, long[] stride, string expected)
        => Assert.Contains(expected, Refuse(TorchBytes.Zip(new PickleBytes().Tensor(storage, "0", count, offset, size, stride).Stop(), ("0", TorchBytes.Data))));

    [Fact]
    public void Damaged_legacy_files_are_refused()
    {
        byte[] pickle = new PickleBytes().Tensor("FloatStorage", "0", 6, 0, [6], [1], legacy: true).Stop();
        byte[] huge = new PickleBytes().Tensor("FloatStorage", "0", 1L << 60, 0, [6], [1], legacy: true).Stop();
        Assert.Contains("has no data", Refuse(TorchBytes.Legacy(pickle)));
        Assert.Contains("names '9'", Refuse(TorchBytes.Legacy(pickle, ("0", 6, TorchBytes.Data), ("9", 6, TorchBytes.Data))));
        Assert.Contains("twice", Refuse(TorchBytes.Legacy(pickle, ("0", 6, TorchBytes.Data), ("0", 6, TorchBytes.Data))));
        Assert.Contains("but 5 stand before", Refuse(TorchBytes.Legacy(pickle, ("0", 5, TorchBytes.Data))));
        Assert.Contains("but -1 stand before", Refuse(TorchBytes.Legacy(pickle, ("0", -1, TorchBytes.Data))));
        Assert.Contains("only 23 are left", Refuse(TorchBytes.Legacy(pickle, ("0", 6, TorchBytes.Data[..23]))));
        Assert.Contains("more than the file has", Refuse(TorchBytes.Legacy(huge, ("0", 1L << 60, TorchBytes.Data))));
        Assert.Contains("magic number", Refuse(new PickleBytes().Number(3).Stop()));
    }

    [Fact]
    public void Archives_that_are_not_plain_checkpoints_are_refused()
    {
        byte[] pickle = new PickleBytes().Op('N').Stop();
        byte[] version = "3\n"u8.ToArray();
        Check("no data.pkl", ("a/version", version));
        Check("no version", ("a/data.pkl", pickle));
        Check("version is '11'", ("a/data.pkl", pickle), ("a/version", "11\n"u8.ToArray()));
        Check("share one folder", ("a/data.pkl", pickle), ("a/version", version), ("b/data.pkl", pickle));
        Check("share one folder", ("data.pkl", pickle), ("version", version));
        Check("leads out", ("a/data.pkl", pickle), ("a/version", version), ("a/../../x", pickle));
        Check("occurs twice", ("a/data.pkl", pickle), ("a/version", version), ("a/data.pkl", pickle));
        Check("TorchScript", ("a/data.pkl", pickle), ("a/version", version), ("a/constants.pkl", pickle));
        Check("TorchScript", ("a/data.pkl", pickle), ("a/version", version), ("a/code/x.py", pickle));
        Check("byte order", ("a/data.pkl", pickle), ("a/version", version), ("a/byteorder", "big"u8.ToArray()));
        Check("empty zip");
        static void Check(string expected, params (string, byte[])[] records) => Assert.Contains(expected, Refuse(TorchBytes.Archive(CompressionLevel.NoCompression, records)));
    }

    [Fact]
    public void Bombs_are_refused_quickly_and_in_little_memory()
    {
        byte[] version = "3\n"u8.ToArray();
        byte[] nested = [0x80, 2, .. Enumerable.Repeat((byte)']', 1 << 20), .. Enumerable.Repeat((byte)'a', (1 << 20) - 1), (byte)'.'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("inflates", Refuse(TorchBytes.Archive(CompressionLevel.Optimal, ("a/data.pkl", nested), ("a/version", version))));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.Contains("nest deeper", Refuse(TorchBytes.Zip(nested)));

        var doubling = new PickleBytes().Op(']');
        for (int i = 0; i < 60; i++)
        {
            doubling.Raw((byte)'q', (byte)i).Op(']').Op('0').Op(']');
            doubling.Mark();
            for (int copies = 0; copies < 10; copies++)
            {
                doubling.Op('h').Raw((byte)i);
            }

            doubling.Op('e').Raw((byte)'q', 255).Op('0').Op('0').Raw((byte)'h', 255);
        }

        Assert.Contains("without end", Refuse(TorchBytes.Zip(doubling.Stop())));

        // A long string that two bytes mention, hashed as a key each time; and copied by a call each time.
        var mentions = new PickleBytes().Text(new string('x', 4000)).Op('q').Raw(1).Op('0').Op('}');
        var calls = new PickleBytes().Text(new string('x', 200_000)).Op('q').Raw(1).Op('0').Global("_codecs", "encode").Raw((byte)'q', 2).Op('0').Text("latin1").Op('q').Raw(3).Op('0').Op(']');
        for (int i = 0; i < 100_000; i++)
        {
            mentions.Op('h').Raw(1).Op('N').Op('s');
            calls.Raw((byte)'h', 2, (byte)'h', 1, (byte)'h', 3, 0x86, (byte)'R', (byte)'a');
        }

        Assert.Contains("over and over", Refuse(TorchBytes.Zip(mentions.Stop())));
        Assert.Contains("over and over", Refuse(TorchBytes.Zip(calls.Stop())));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_truncation_is_refused(bool legacy)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = TorchBytes.StateDict(legacy);
        for (int length = 0; length < bytes.Length; length++)
        {
            string path = folder.Write("cut.bin", bytes[..length]);
            Assert.Throws<InvalidDataException>(() => TorchFile.Open(path));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_damage_is_refused_or_read(bool legacy)
    {
        using var folder = new TemporaryFolder();
        byte[] good = TorchBytes.StateDict(legacy);
        byte[] pieces = "(.0NQRXabchjqrstu})]}JK"u8.ToArray();
        var random = new Random(21);
        int refused = 0;
        for (int trial = 0; trial < 600; trial++)
        {
            byte[] damaged = (byte[])good.Clone();
            for (int hits = random.Next(1, 4); hits > 0; hits--)
            {
                damaged[random.Next(good.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : pieces[random.Next(pieces.Length)];
            }

            try
            {
                using TorchFile file = TorchFile.Open(folder.Write("damaged.bin", damaged));
                Assert.All(file.Tensors, tensor => tensor.ToSingles());
            }
            catch (Exception e) when (e is InvalidDataException or NotSupportedException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 150, 600);
    }

    private static string Refuse(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("bad.bin", bytes);
        string message = Assert.Throws<InvalidDataException>(() => TorchFile.Open(path).Dispose()).Message;
        Assert.Contains("bad.bin", message);
        return message;
    }
}
