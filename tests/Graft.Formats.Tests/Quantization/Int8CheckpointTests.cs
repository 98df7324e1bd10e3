using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Formats.Tests.Quantization;

public sealed unsafe class Int8CheckpointTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        Int8Matrix written = Matrix();
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = new TensorTable(Int8Checkpoint.Write("layer", written)).Open(folder);
        Assert.True(Int8Checkpoint.Contains(file.Tensors, "layer"));
        Assert.Equal(["layer.SCB", "layer.weight", "layer.weight_format"], file.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["layer.SCB", "layer.weight_format"], Int8Checkpoint.Companions("layer"));
        Int8Matrix read = Int8Checkpoint.Read(file.Tensors, "layer", file, threshold: 4.5f);
        Assert.Equal((3, 20, 4.5f), (read.Rows, read.Columns, read.Threshold));
        Assert.Equal(new ReadOnlySpan<sbyte>(written.Codes, 60), new ReadOnlySpan<sbyte>(read.Codes, 60));
        Assert.Equal(new ReadOnlySpan<float>(written.Scales, 3), new ReadOnlySpan<float>(read.Scales, 3));
    }

    [Fact]
    public void Older_files_do_not_say_their_format()
    {
        var tensors = new TensorTable(Int8Checkpoint.Write("layer", Matrix()));
        tensors.Remove("layer.weight_format");
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = tensors.Open(folder);
        Assert.Equal(3, Int8Checkpoint.Read(file.Tensors, "layer", file, 6).Rows);
    }

    [Fact]
    public void Damage_is_refused_and_the_error_says_where_and_why()
    {
        Refuses("lacks the tensor 'layer.weight'", tensors => tensors.Remove("layer.weight"));
        Refuses("a matrix of Int8, but this is UInt8", tensors => tensors.Put("layer.weight", DType.UInt8, [3, 20], new byte[60]));
        Refuses("a matrix of Int8", tensors => tensors.Put("layer.weight", DType.Int8, [60], new byte[60]));
        Refuses("a matrix of Int8", tensors => tensors.Put("layer.weight", DType.Int8, [0, 20], []));
        Refuses("3 elements of Float32 are expected", tensors => tensors.Put("layer.SCB", 1, 2));
        Refuses("a scale is NaN", tensors => tensors.Put("layer.SCB", 1, float.NaN, 2));
        Refuses("laid out for a GPU", tensors => tensors.Put("layer.weight_format", DType.UInt8, [], [2]));
    }

    private static void Refuses(string message, Action<TensorTable> change)
    {
        var tensors = new TensorTable(Int8Checkpoint.Write("layer", Matrix()));
        change(tensors);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = tensors.Open(folder);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => Int8Checkpoint.Read(file.Tensors, "layer", file, 6));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static Int8Matrix Matrix()
    {
        float[] values = new float[60];
        CounterRandom.FillUniform(values, 5, -0.1f, 0.1f);
        fixed (float* data = values)
        {
            return Int8Quantizer.Quantize(new WeightView((nint)data, DType.Float32, 3, 20));
        }
    }
}
