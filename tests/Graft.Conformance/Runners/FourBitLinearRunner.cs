using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary><c>4bit-linear</c>: a 4-bit layer's tensors, outputs and input gradients.</summary>
public sealed class FourBitLinearRunner : ICaseRunner
{
    private const string Prefix = "checkpoint.";

    /// <inheritdoc/>
    public string Kind => "4bit-linear";

    /// <inheritdoc/>
    public unsafe void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        DType inputDType = CaseTensors.DTypeOf(@case.Root.GetProperty("input_dtype").GetString()!);
        DType computeDType = @case.Has("compute_dtype") ? CaseTensors.DTypeOf(@case.Root.GetProperty("compute_dtype").GetString()!) : inputDType;
        FourBitType type = @case.Root.GetProperty("format").GetString() == "nf4" ? FourBitType.NF4 : FourBitType.FP4;
        FourBitMatrix quantized = FourBitQuantizer.Quantize(
            CaseTensors.View(CaseTensors.Entry(file, "weight")), type, @case.Root.GetProperty("block_size").GetInt32(), @case.Root.GetProperty("double_quantization").GetBoolean());
        CaseTensors.SameCodes("checkpoint.weight", CaseTensors.Bytes(file, "checkpoint.weight"), new ReadOnlySpan<byte>(quantized.Packed, (int)quantized.PackedLength), type);

        Dictionary<string, TensorEntry> checkpoint = file.Tensors.Where(tensor => tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(tensor => tensor.Name[Prefix.Length..]);
        FourBitMatrix matrix = FourBitCheckpoint.Read(checkpoint, "weight", file, computeDType);
        var weight = new Parameter("weight", [matrix.Rows, matrix.Columns], matrix);
        LinearCase.Compare(@case, check, file, weight, inputDType, training: true, "output", "grad_input");
    }
}
