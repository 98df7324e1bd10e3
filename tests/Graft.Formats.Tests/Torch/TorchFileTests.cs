using System.IO.Compression;
using System.Numerics;
using Graft.Tensors;

namespace Graft.Formats.Tests;

public sealed unsafe class TorchFileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_state_dict_is_read_from_both_containers(bool legacy)
    {
        using var folder = new TemporaryFolder();
        using TorchFile file = TorchFile.Open(folder.Write("pytorch_model.bin", TorchBytes.StateDict(legacy)));
        Assert.Equal(["weight", "transposed", "bias"], file.Tensors.Select(tensor => tensor.Name));
        Assert.True(file.TryGet("weight", out TensorEntry? weight));
        Assert.Equal([2L, 3L], weight.Shape);
        Assert.Equal(DType.Float32, weight.DType);
        Assert.Equal([0f, 1, 2, 3, 4, 5], weight.ToSingles());
        Assert.Equal([0f, 3, 1, 4, 2, 5], file.Tensors[1].ToSingles());
        Assert.Equal([4f, 5], file.Tensors[2].ToSingles());
        Assert.True(file.Tensors[1].Data == file.Tensors[1].Data, "a copy is made once");
        var root = Assert.IsType<TorchDictionary>(file.Root);
        Assert.True(root.TryGet("weight", out object? value));
        Assert.Equal("0", Assert.IsType<TorchTensor>(value).StorageKey);
        Assert.False(root.TryGet("_metadata", out _));
    }

    [Fact]
    public void Compressed_records_are_read()
    {
        using var folder = new TemporaryFolder();
        byte[] pickle = new PickleBytes().Tensor("FloatStorage", "0", 6, 0, [6], [1]).Stop();
        byte[] bytes = TorchBytes.Archive(CompressionLevel.Optimal, ("x y/data.pkl", pickle), ("x y/data/0", TorchBytes.Data), ("x y/version", "3\n"u8.ToArray()));
        using TorchFile file = TorchFile.Open(folder.Write("a.bin", bytes));
        Assert.Equal(string.Empty, file.Tensors[0].Name);
        Assert.Equal(TorchBytes.Values, file.Tensors[0].ToSingles());
    }

    [Fact]
    public void Views_of_every_kind_are_materialised()
    {
        Check([2, 2], [3, 1], 1, [1, 2, 4, 5]);
        Check([2, 3], [0, 1], 0, [0, 1, 2, 0, 1, 2]);
        Check([3, 2], [1, 1], 2, [2, 3, 3, 4, 4, 5]);
        Check([1, 2, 1, 3], [77, 3, 99, 1], 0, [0, 1, 2, 3, 4, 5]);
        Check([3, 1, 2], [1, 5, 3], 0, [0, 3, 1, 4, 2, 5]);
        Check([], [], 4, [4]);
        Check([0, 3], [3, 1], 6, []);
        Check([2, 1, 2], [2, 0, 2], 1, [1, 3, 3, 5]);
        static void Check(long[] size, long[] stride, long offset, float[] expected)
        {
            using var folder = new TemporaryFolder();
            byte[] pickle = new PickleBytes().Tensor("FloatStorage", "0", 6, offset, size, stride).Stop();
            using TorchFile file = TorchFile.Open(folder.Write("a.bin", TorchBytes.Zip(pickle, ("0", TorchBytes.Data))));
            Assert.Equal(expected, file.Tensors[0].ToSingles());
        }
    }

    [Fact]
    public void Plain_values_come_as_they_were_saved()
    {
        using var folder = new TemporaryFolder();
        var pickle = new PickleBytes().Op('}').Mark();
        pickle.Text("none").Op('N').Text("true").Raw(0x88).Text("half").Op('G').Raw(0x3f, 0xe0, 0, 0, 0, 0, 0, 0);
        pickle.Text("long").Number(1L << 40).Text("huge").Raw(0x8a, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
        pickle.Text("bytes").Global("_codecs", "encode").Text("\u00ff\u0001").Text("latin1").Raw(0x86).Op('R');
        pickle.Text("size").Global("torch", "Size").Numbers(2, 3).Raw(0x85).Op('R');
        pickle.Text("dtype").Global("torch", "float16").Text("device").Global("torch", "device").Text("cuda").Number(1).Raw(0x86).Op('R');
        pickle.Text("set").Global("__builtin__", "set").Op(']').Mark().Number(1).Number(1).Number(2).Op('e').Raw(0x85).Op('R');
        pickle.Text("complex").Global("builtins", "complex").Op('G').Raw(0x3f, 0xf0, 0, 0, 0, 0, 0, 0).Op('G').Raw(0xbf, 0xf0, 0, 0, 0, 0, 0, 0).Raw(0x86).Op('R');
        using TorchFile file = TorchFile.Open(folder.Write("a.bin", TorchBytes.Zip(pickle.Op('u').Stop())));
        object? Value(string key) => ((TorchDictionary)file.Root!).TryGet(key, out object? value) ? value : throw new KeyNotFoundException(key);
        Assert.Null(Value("none"));
        Assert.Equal(true, Value("true"));
        Assert.Equal(0.5, Value("half"));
        Assert.Equal(1L << 40, Value("long"));
        Assert.Equal(BigInteger.Pow(2, 72), Value("huge"));
        Assert.Equal(new byte[] { 255, 1 }, Value("bytes"));
        Assert.Equal([2L, 3L], Assert.IsType<TorchSize>(Value("size")).Sizes);
        Assert.Equal(new TorchDType("float16"), Value("dtype"));
        Assert.Equal(new TorchDevice("cuda:1"), Value("device"));
        Assert.Equal([1L, 2L], Assert.IsType<TorchSet>(Value("set")).Items);
        Assert.Equal(new Complex(1, -1), Value("complex"));
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void Python_equal_keys_are_one_key()
    {
        using var folder = new TemporaryFolder();
        var pickle = new PickleBytes().Op('}').Mark().Number(1).Text("a").Raw(0x88).Text("b").Text("1").Text("c").Numbers(1, 2).Text("d").Op('u');
        using TorchFile file = TorchFile.Open(folder.Write("a.bin", TorchBytes.Zip(pickle.Stop())));
        var root = (TorchDictionary)file.Root!;
        Assert.Equal(["b", "c", "d"], root.Items.Select(item => item.Value));
        Assert.Equal(1L, root.Items[0].Key);
    }

    [Fact]
    public void Checkpoint_folders_open_torch_files_and_their_shards()
    {
        using var folder = new TemporaryFolder();
        folder.Write("adapter_model.bin", TorchBytes.StateDict(legacy: true));
        using (CheckpointFolder adapter = CheckpointFolder.Open(folder.Path, "adapter_model"))
        {
            Assert.Equal([4f, 5], adapter.Tensors["bias"].ToSingles());
        }

        folder.Write("pytorch_model-00001-of-00001.bin", TorchBytes.StateDict(legacy: false));
        folder.Write("pytorch_model.bin.index.json", """{"weight_map":{"weight":"pytorch_model-00001-of-00001.bin"}}"""u8.ToArray());
        using CheckpointFolder model = CheckpointFolder.Open(folder.Path);
        Assert.Equal(TorchBytes.Values, model.Tensors["weight"].ToSingles());
        Assert.Empty(model.Metadata);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Entries_of_a_closed_file_are_not_readable(bool legacy)
    {
        using var folder = new TemporaryFolder();
        TorchFile file = TorchFile.Open(folder.Write("a.bin", TorchBytes.StateDict(legacy)));
        _ = file.Tensors[1].ToSingles();
        file.Dispose();
        Assert.All(file.Tensors, tensor => Assert.Throws<ObjectDisposedException>(() => tensor.ToSingles()));
    }
}
