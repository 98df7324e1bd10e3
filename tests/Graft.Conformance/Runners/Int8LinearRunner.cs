using System.Text.Json;
using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary><c>int8-linear</c>: an LLM.int8() layer's tensors, quantised inputs, outputs and input gradients in both modes.</summary>
public sealed class Int8LinearRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "int8-linear";

    /// <inheritdoc/>
    public unsafe void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        DType inputDType = CaseTensors.DTypeOf(@case.Root.GetProperty("input_dtype").GetString()!);
        float threshold = (float)@case.Root.GetProperty("threshold").GetDouble();
        Int8Matrix matrix = Int8Quantizer.Quantize(CaseTensors.View(CaseTensors.Entry(file, "weight")), threshold);
        Check.Equal("CB", CaseTensors.SignedBytes(file, "CB"), new ReadOnlySpan<sbyte>(matrix.Codes, matrix.Rows * matrix.Columns).ToArray());
        Check.Equal("SCB", CaseTensors.Singles(file, "SCB"), new ReadOnlySpan<float>(matrix.Scales, matrix.Rows).ToArray());
        StateDict(@case, matrix);
        for (int i = 0; i < @case.Root.GetProperty("inputs").GetInt32(); i++)
        {
            Activations(file, i, threshold);
        }

        var weight = new Parameter("weight", [matrix.Rows, matrix.Columns], matrix);
        LinearCase.Compare(@case, check, file, weight, inputDType, training: false, "output_eval", "grad_input_eval");
        LinearCase.Compare(@case, check, file, weight, inputDType, training: true, "output_train", "grad_input");
    }

    private static void StateDict(ConformanceCase @case, Int8Matrix matrix)
    {
        string[] expected = [.. @case.Root.GetProperty("state_dict").EnumerateArray()
            .Where(item => item.GetProperty("name").GetString() != "bias")
            .Select(item => $"linear.{item.GetProperty("name").GetString()} {CaseTensors.DTypeOf(item.GetProperty("dtype").GetString()!)} [{string.Join(", ", item.GetProperty("shape").Integers())}]")];
        Check.Equal("state_dict", expected, [.. Int8Checkpoint.Write("linear", matrix).Select(tensor => $"{tensor.Name} {tensor.DType} [{string.Join(", ", tensor.Shape)}]")]);
    }

    private static unsafe void Activations(SafetensorsFile file, int index, float threshold)
    {
        TensorEntry input = CaseTensors.Entry(file, $"input.{index}");
        int columns = (int)input.Shape[^1];
        int rows = (int)(input.ElementCount / columns);
        sbyte[] codes = new sbyte[rows * columns];
        float[] scales = new float[rows];
        int[] outliers;
        fixed (float* x = input.ToSingles(), scale = scales)
        fixed (sbyte* code = codes)
        {
            outliers = Int8Quantizer.Quantize(x, rows, columns, threshold, code, scale);
        }

        Check.Equal($"CA.{index}", CaseTensors.SignedBytes(file, $"CA.{index}"), codes);
        Check.Equal($"SCA.{index}", CaseTensors.Singles(file, $"SCA.{index}"), scales);
        if (threshold > 0)
        {
            Check.Equal($"outlier_columns.{index}", CaseTensors.Integers(file, $"outlier_columns.{index}"), outliers);
        }
    }
}
