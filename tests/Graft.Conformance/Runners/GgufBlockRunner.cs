using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary><c>gguf-dequantize</c>: blocks to numbers, by the reference and by vectors.</summary>
public class GgufDequantizeRunner : ICaseRunner
{
    /// <inheritdoc/>
    public virtual string Kind => "gguf-dequantize";

    /// <inheritdoc/>
    public virtual unsafe void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        GgufTensorType type = Enum.Parse<GgufTensorType>(@case.Root.GetProperty("type").GetString()!);
        Check.Equal("block", (@case.Root.GetProperty("block_elements").GetInt32(), @case.Root.GetProperty("block_bytes").GetInt32()), type.Block());
        TensorEntry bytes = CaseTensors.Entry(file, "bytes"), expected = CaseTensors.Entry(file, "dequantized");
        (int rows, int columns) = ((int)expected.Shape[0], (int)expected.Shape[1]);
        if (type.PlainDType() is { } dtype)
        {
            check.Close("dequantized", expected.ToSingles(), new Parameter("w", [rows, columns], dtype, (nint)bytes.Data, file).ToArray());
            return;
        }

        var matrix = new BlockMatrix(BlockFormat.Find(type.ToString())!, rows, columns, bytes.Data, file);
        Isa best = InstructionSet.Current;
        try
        {
            foreach (Isa isa in new[] { Isa.Scalar, best })
            {
                InstructionSet.Current = isa;
                check.Close("dequantized", expected.ToSingles(), new Parameter("w", [rows, columns], matrix).ToArray());
            }
        }
        finally
        {
            InstructionSet.Current = best;
        }
    }
}

/// <summary><c>gguf-quantize</c>: numbers to blocks and back.</summary>
public sealed class GgufQuantizeRunner : GgufDequantizeRunner
{
    /// <inheritdoc/>
    public override string Kind => "gguf-quantize";

    /// <inheritdoc/>
    public override unsafe void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        GgufTensorType type = Enum.Parse<GgufTensorType>(@case.Root.GetProperty("type").GetString()!);
        float[] input = CaseTensors.Singles(file, "input");
        if (type.PlainDType() is { } dtype)
        {
            Check.Equal("values", CaseTensors.Singles(file, "dequantized"), [.. input.Select(value => CaseTensors.Round(value, dtype))]);
        }
        else
        {
            BlockMatrix matrix = BlockMatrix.Encode(CaseTensors.View(CaseTensors.Entry(file, "input")), BlockFormat.Find(type.ToString())!);
            Check.Equal("bytes", CaseTensors.Bytes(file, "bytes"), new ReadOnlySpan<byte>((byte*)new WeightView(matrix).Data, (int)matrix.ByteLength).ToArray());
        }

        base.Run(@case, check);
    }
}
