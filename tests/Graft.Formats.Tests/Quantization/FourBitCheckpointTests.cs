using System.Text;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Formats.Tests.Quantization;

public sealed unsafe class FourBitCheckpointTests
{
    private const string Name = "layer.weight";
    private const string State = "layer.weight.quant_state.bitsandbytes__nf4";

    [Theory]
    [InlineData(FourBitType.NF4, false, DType.Float32, 5, 33)]
    [InlineData(FourBitType.NF4, true, DType.BFloat16, 40, 480)]
    [InlineData(FourBitType.FP4, true, DType.Float16, 3, 7)]
    public void What_is_written_is_read_again(FourBitType type, bool nested, DType dtype, int rows, int columns)
    {
        FourBitMatrix written = Matrix(type, nested, dtype, rows, columns);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = new TensorTable(FourBitCheckpoint.Write(Name, written)).Open(folder);
        Assert.True(FourBitCheckpoint.Contains(file.Tensors, Name));
        Assert.All(file.Tensors.Keys.Where(name => name != Name), name => Assert.Contains(name, FourBitCheckpoint.Companions(Name)));
        FourBitMatrix read = FourBitCheckpoint.Read(file.Tensors, Name, file, DType.BFloat16);
        Assert.Equal((rows, columns, type, dtype, 64, nested), (read.Rows, read.Columns, read.Type, read.ValueDType, read.BlockSize, read.Scales.IsNested));
        Assert.Equal(DType.BFloat16, read.ComputeDType);
        Assert.Equal(Values(written), Values(read));
    }

    [Fact]
    public void The_description_is_the_text_that_bitsandbytes_writes()
    {
        FourBitMatrix matrix = Matrix(FourBitType.NF4, nested: true, DType.BFloat16, 4, 32);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = new TensorTable(FourBitCheckpoint.Write(Name, matrix)).Open(folder);
        string offset = PythonNumber.Float(matrix.Scales.Offset);
        Assert.Equal(
            $$"""{"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [4, 32], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": {{offset}}}""",
            Encoding.UTF8.GetString(file.Tensors[State].Data, (int)file.Tensors[State].ByteLength));
    }

    [Fact]
    public void Codes_may_be_presented_as_another_type()
    {
        FourBitMatrix written = Matrix(FourBitType.NF4, nested: false, DType.Float32, 4, 32);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = new TensorTable(FourBitCheckpoint.Write(Name, written, DType.BFloat16)).Open(folder);
        Assert.Equal("layer.weight BFloat16 [32, 1]", file.Tensors[Name].ToString());
        Assert.Equal(Values(written), Values(FourBitCheckpoint.Read(file.Tensors, Name, file)));
        ArgumentException e = Assert.Throws<ArgumentException>(() => FourBitCheckpoint.Write(Name, Matrix(FourBitType.NF4, false, DType.Float32, 3, 3), DType.Float32));
        Assert.Contains("bnb_4bit_quant_storage", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shape_of_more_dimensions_is_a_matrix_of_its_first()
    {
        FourBitMatrix written = Matrix(FourBitType.NF4, nested: false, DType.Float32, 4, 30);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = new TensorTable(FourBitCheckpoint.Write(Name, written, shape: [4, 6, 5])).Open(folder);
        FourBitMatrix read = FourBitCheckpoint.Read(file.Tensors, Name, file);
        Assert.Equal((4, 30), (read.Rows, read.Columns));
    }

    [Fact]
    public void Damage_is_refused_and_the_error_says_where_and_why()
    {
        Refuses("lacks the tensor 'layer.weight.absmax'", tensors => tensors.Remove("layer.weight.absmax"));
        Refuses("lacks the tensor 'layer.weight.nested_absmax'", tensors => tensors.Remove("layer.weight.nested_absmax"));
        Refuses("lacks the tensor 'layer.weight.quant_map'", tensors => tensors.Remove("layer.weight.quant_map"));
        Refuses("takes 960 bytes, but there are 959", tensors => tensors.Put(Name, DType.UInt8, [959, 1], new byte[959]));
        Refuses("30 elements of UInt8 are expected, found 31", tensors => tensors.Put("layer.weight.absmax", DType.UInt8, [31], new byte[31]));
        Refuses("30 elements of UInt8 are expected, found 30 of Float32", tensors => tensors.Put("layer.weight.absmax", new float[30]));
        Refuses("element 0 is NaN", tensors => tensors.Put("layer.weight.nested_absmax", float.NaN));
        Refuses("element 3 is", tensors => tensors.Put("layer.weight.nested_quant_map", [.. Enumerable.Range(0, 256).Select(i => i == 3 ? float.PositiveInfinity : i)]));
        Refuses("256 elements of Float32 are expected", tensors => tensors.Put("layer.weight.nested_quant_map", new float[255]));
        Refuses("not those of the type", tensors => tensors.Put("layer.weight.quant_map", CodeTables.Float4.ToArray()));
    }

    [Fact]
    public void Descriptions_that_make_no_sense_are_refused()
    {
        const string Good = """{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [40, 48], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.5}""";
        void RefusesText(string message, string text) => Refuses(message, tensors => tensors.PutText(State, text));
        void RefusesChange(string message, string from, string to) => RefusesText(message, Good.Replace(from, to, StringComparison.Ordinal));
        RefusesText("not JSON", "nf4");
        RefusesText("not a JSON object", "[1]");
        RefusesChange("quant_type 'nf5' is unknown", "\"nf4\"", "\"nf5\"");
        RefusesChange("quant_type must be there", "\"nf4\"", "4");
        RefusesChange("dtype 'int4' is unknown", "\"dtype\": \"float32\"", "\"dtype\": \"int4\"");
        RefusesChange("blocksize must hold sizes", "\"blocksize\": 64", "\"blocksize\": 6.5");
        RefusesChange("block", "\"blocksize\": 64", "\"blocksize\": 48");
        RefusesChange("nested_blocksize is 128", "256", "128");
        RefusesChange("nested_offset must be there", "nested_offset", "offset");
        RefusesChange("nested_offset is not a finite number", "0.5", "1e999");
        RefusesChange("shape must be there", "[40, 48]", "40");
        RefusesChange("its shape is given as []", "[40, 48]", "[]");
        RefusesChange("its shape is given as [40, 0]", "[40, 48]", "[40, 0]");
        RefusesChange("shape must hold sizes", "[40, 48]", "[-40, -48]");
        RefusesChange("its shape is given as", "[40, 48]", "[2147483647, 2147483647, 2147483647, 2147483647, 2147483647]");
        Refuses("not JSON", tensors => tensors.Put(State, DType.UInt8, [19], [.. "{\"quant_type\": \"nf"u8, 0xff]));
        Refuses("not JSON", tensors => tensors.Put(State, DType.UInt8, [21], [.. "{\"quant_type\": \"n"u8, 0xff, .. "\"}"u8, 32]));
        Refuses("bytes of text", tensors => tensors.Put(State, 1, 2));
        Refuses("bytes of text", tensors => tensors.Put(State, DType.UInt8, [5000], new byte[5000]));
    }

    private static void Refuses(string message, Action<TensorTable> change)
    {
        var tensors = new TensorTable(FourBitCheckpoint.Write(Name, Matrix(FourBitType.NF4, nested: true, DType.Float32, 40, 48)));
        change(tensors);
        using var folder = new TemporaryFolder();
        using CheckpointFolder file = tensors.Open(folder);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => FourBitCheckpoint.Read(file.Tensors, Name, file));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains(Name, e.Message, StringComparison.Ordinal);
    }

    private static FourBitMatrix Matrix(FourBitType type, bool nested, DType dtype, int rows, int columns)
    {
        float[] values = new float[rows * columns];
        CounterRandom.FillUniform(values, 5, -0.1f, 0.1f);
        fixed (float* data = values)
        {
            return FourBitQuantizer.Quantize(new WeightView((nint)data, DType.Float32, rows, columns), type, 64, nested, dtype);
        }
    }

    private static float[] Values(FourBitMatrix matrix)
    {
        float[] values = new float[matrix.Rows * matrix.Columns];
        fixed (float* destination = values)
        {
            matrix.Dequantize(0, values.Length, destination);
        }

        return values;
    }
}
