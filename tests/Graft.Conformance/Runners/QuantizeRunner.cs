using System.Text.Json;
using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary><c>quantize</c>: codes and scales byte for byte, decoded values, the tensors of a checkpoint.</summary>
public sealed unsafe class QuantizeRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "quantize";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        switch (@case.Root.GetProperty("format").GetString())
        {
            case "nf4":
                FourBit(@case, check, file, FourBitType.NF4);
                break;
            case "fp4":
                FourBit(@case, check, file, FourBitType.FP4);
                break;
            case "blockwise-8bit":
                Blockwise(@case, check, file);
                break;
            case "int8-vectorwise":
                Vectorwise(@case, check, file);
                break;
            case { } other:
                throw new NotYetException($"format '{other}'");
        }
    }

    private static void FourBit(ConformanceCase @case, Check check, SafetensorsFile file, FourBitType type)
    {
        int blockSize = @case.Root.GetProperty("block_size").GetInt32();
        bool nested = @case.Root.GetProperty("double_quantization").GetBoolean();
        FourBitMatrix matrix = FourBitQuantizer.Quantize(CaseTensors.View(CaseTensors.Entry(file, "input")), type, blockSize, nested);
        CaseTensors.SameCodes("packed", CaseTensors.Bytes(file, "packed"), new ReadOnlySpan<byte>(matrix.Packed, (int)matrix.PackedLength), type);
        Check.Equal("quant_map", CaseTensors.Singles(file, "quant_map"), CodeTables.Of(type).ToArray());
        Scales(check, file, matrix.Scales);
        Checkpoint(@case, matrix);
        Decoded(check, file, matrix);
    }

    private static void Scales(Check check, SafetensorsFile file, BlockScales scales)
    {
        if (!scales.IsNested)
        {
            Check.Equal("absmax", CaseTensors.Singles(file, "absmax"), new ReadOnlySpan<float>(scales.Values, (int)scales.Count).ToArray());
            return;
        }

        byte[] either = CaseTensors.Bytes(file, "absmax");
        byte[] nearest = CaseTensors.Bytes(file, "absmax_nearest");
        byte[] actual = new ReadOnlySpan<byte>(scales.Codes, (int)scales.Count).ToArray();
        Check.Equal("absmax", [.. nearest.Select((code, i) => actual[i] == either[i] ? either[i] : code)], actual);
        Check.Equal("nested_absmax", CaseTensors.Singles(file, "nested_absmax"), new ReadOnlySpan<float>(scales.NestedValues, (int)scales.NestedCount).ToArray());
        Check.Equal("nested_offset", CaseTensors.Singles(file, "nested_offset")[0], scales.Offset);
        Check.Equal("nested_quant_map", CaseTensors.Singles(file, "nested_quant_map"), scales.Map.ToArray());
        fixed (byte* codes = either)
        {
            // What follows from the case's codes, restored in the case's way.
            var restored = new BlockScales(codes, scales.Count, scales.NestedValues, scales.Map.ToArray(), scales.Offset, scales);
            Check.Equal("absmax_restored", CaseTensors.Singles(file, "absmax_restored"), [.. Enumerable.Range(0, (int)scales.Count).Select(block => restored[block])]);
        }
    }

    private static void Checkpoint(ConformanceCase @case, FourBitMatrix matrix)
    {
        IReadOnlyList<TensorSource> tensors = FourBitCheckpoint.Write("weight", matrix, CaseTensors.DTypeOf(@case.Root.GetProperty("quant_storage").GetString()!), @case.Root.GetProperty("shape").Integers());
        string[] expected = [.. @case.Root.GetProperty("checkpoint").EnumerateArray().Select(item =>
            $"{item.GetProperty("name").GetString()} {CaseTensors.DTypeOf(item.GetProperty("dtype").GetString()!)} [{string.Join(", ", item.GetProperty("shape").Integers())}]")];
        Check.Equal("checkpoint", expected, [.. tensors.Select(tensor => $"{tensor.Name} {tensor.DType} [{string.Join(", ", tensor.Shape)}]")]);
        float? offset = matrix.Scales.IsNested ? matrix.Scales.Offset : null;
        var state = new FourBitState(matrix.Type, matrix.BlockSize, matrix.ValueDType, @case.Root.GetProperty("shape").Integers(), offset);
        Check.Equal("quant_state_json", @case.Root.GetProperty("quant_state_json").GetString(), state.ToJson());
        Check.Equal("quant_state_key", @case.Root.GetProperty("quant_state_key").GetString(), tensors[^1].Name);
    }

    /// <summary>Decodes the case's own codes and scales, whatever ours were.</summary>
    private static void Decoded(Check check, SafetensorsFile file, FourBitMatrix matrix)
    {
        BlockScales scales = matrix.Scales;
        if (scales.IsNested)
        {
            scales = new BlockScales(CaseTensors.Entry(file, "absmax").Data, scales.Count, scales.NestedValues, scales.Map.ToArray(), scales.Offset, scales);
        }

        foreach (TensorEntry expected in file.Tensors.Where(tensor => tensor.Name.StartsWith("dequantized.", StringComparison.Ordinal)))
        {
            var same = new FourBitMatrix(matrix.Rows, matrix.Columns, matrix.Type, matrix.BlockSize, expected.DType, CaseTensors.Entry(file, "packed").Data, scales, file);
            check.Close(expected.Name, expected.ToSingles(), new Parameter("weight", [matrix.Rows, matrix.Columns], same).ToArray());
        }
    }

    private static void Blockwise(ConformanceCase @case, Check check, SafetensorsFile file)
    {
        TensorEntry input = CaseTensors.Entry(file, "input");
        int blockSize = @case.Root.GetProperty("block_size").GetInt32();
        string mapName = @case.Root.GetProperty("map").GetString()!;
        float[] map = TablesRunner.Map(mapName);
        check.Close("code", CaseTensors.Singles(file, "code"), map);
        int count = (int)input.ElementCount;
        byte[] codes = new byte[count];
        float[] absMax = new float[(count + blockSize - 1) / blockSize];
        fixed (byte* target = codes)
        fixed (float* maxima = absMax)
        {
            BlockwiseQuantizer.Quantize(CaseTensors.View(input), map, blockSize, target, maxima);
        }

        Check.Equal("quantized_nearest", CaseTensors.Bytes(file, "quantized_nearest"), codes);
        if (CaseTensors.Entry(file, "absmax").DType == DType.Float32)
        {
            Check.Equal("absmax", CaseTensors.Singles(file, "absmax"), absMax);
        }
        else
        {
            absMax = Restored(file, absMax.Length);
        }

        DecodedBlocks(check, file, absMax, map, blockSize);
    }

    private static float[] Restored(SafetensorsFile file, int blocks)
    {
        float offset = CaseTensors.Singles(file, "nested_offset")[0];
        float[] restored = new float[blocks];
        fixed (float* target = restored)
        {
            BlockwiseQuantizer.Dequantize(
                CaseTensors.Entry(file, "absmax").Data, blocks, (float*)CaseTensors.Entry(file, "nested_absmax").Data, CaseTensors.Singles(file, "nested_code"), BlockScales.NestedBlockSize, target);
        }

        return [.. restored.Select(scale => scale + offset)];
    }

    private static void DecodedBlocks(Check check, SafetensorsFile file, float[] absMax, float[] map, int blockSize)
    {
        TensorEntry codes = CaseTensors.Entry(file, "quantized");
        float[] values = new float[codes.ElementCount];
        fixed (float* target = values, maxima = absMax)
        {
            BlockwiseQuantizer.Dequantize(codes.Data, codes.ElementCount, maxima, map, blockSize, target);
        }

        foreach (TensorEntry expected in file.Tensors.Where(tensor => tensor.Name.StartsWith("dequantized.", StringComparison.Ordinal)))
        {
            Check.Equal(expected.Name, expected.ToSingles(), [.. values.Select(value => CaseTensors.Round(value, expected.DType))]);
        }
    }

    private static void Vectorwise(ConformanceCase @case, Check check, SafetensorsFile file)
    {
        TensorEntry input = CaseTensors.Entry(file, "input");
        float threshold = (float)@case.Root.GetProperty("threshold").GetDouble();
        (int rows, int columns) = ((int)input.Shape[0], (int)input.Shape[1]);
        sbyte[] codes = new sbyte[rows * columns];
        float[] scales = new float[rows];
        float[] values = input.ToSingles();
        int[] outliers;
        fixed (float* x = values, scale = scales)
        fixed (sbyte* code = codes)
        {
            outliers = Int8Quantizer.Quantize(x, rows, columns, threshold, code, scale);
        }

        Check.Equal("CB", CaseTensors.SignedBytes(file, "CB"), codes);
        Check.Equal("SCB", CaseTensors.Singles(file, "SCB"), scales);
        if (threshold > 0)
        {
            Check.Equal("outlier_columns", CaseTensors.Integers(file, "outlier_columns"), outliers);
        }
        else
        {
            Int8Matrix matrix = Int8Quantizer.Quantize(CaseTensors.View(input));
            Check.Equal("CB as a weight", CaseTensors.SignedBytes(file, "CB"), new ReadOnlySpan<sbyte>(matrix.Codes, codes.Length).ToArray());
            check.Close("dequantized.float32", CaseTensors.Singles(file, "dequantized.float32"), new Parameter("weight", [rows, columns], matrix).ToArray());
        }
    }
}
