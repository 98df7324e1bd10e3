using Graft.Formats;
using Graft.Tensors;

namespace Graft.Conformance.Runners;

/// <summary>Runs one quantised layer on a case's inputs and gradients.</summary>
internal static unsafe class LinearCase
{
    /// <summary>Compares outputs and input gradients; both are rounded to the inputs' type.</summary>
    public static void Compare(
        ConformanceCase @case, Check check, SafetensorsFile file, Parameter weight, DType inputDType, bool training, string output, string gradient)
    {
        Parameter? bias = @case.Root.GetProperty("bias").GetBoolean() ? Plain(file, "bias") : null;
        using var tape = new Tape { Mode = TapeMode.Recording };
        for (int i = 0; i < @case.Root.GetProperty("inputs").GetInt32(); i++)
        {
            tape.Reset();
            TensorEntry input = CaseTensors.Entry(file, $"input.{i}");
            var layout = new SequenceLayout();
            layout.Add((int)(input.ElementCount / input.Shape[^1]));
            Tensor x = tape.NewTensor(layout.Rows, (int)input.Shape[^1], layout, requiresGrad: true);
            input.ToSingles().CopyTo(x.Span);
            Tensor y = Op.QuantizedLinear(tape, x, weight, bias, training);
            check.Close($"{output}.{i}", CaseTensors.Singles(file, $"{output}.{i}"), Rounded(y.Span, inputDType));
            CaseTensors.Singles(file, $"grad_output.{i}").CopyTo(new Span<float>(tape.GradientOf(y, out _), (int)y.Count));
            tape.Backward();
            check.Close($"{gradient}.{i}", CaseTensors.Singles(file, $"{gradient}.{i}"), Rounded(new Span<float>(tape.GradientOf(x, out _), (int)x.Count), inputDType));
        }
    }

    private static Parameter Plain(SafetensorsFile file, string name)
    {
        TensorEntry entry = CaseTensors.Entry(file, name);
        return new Parameter(name, [.. entry.Shape.Select(size => (int)size)], entry.DType, (nint)entry.Data, file);
    }

    private static float[] Rounded(ReadOnlySpan<float> values, DType dtype)
    {
        float[] rounded = values.ToArray();
        for (int i = 0; i < rounded.Length; i++)
        {
            rounded[i] = CaseTensors.Round(rounded[i], dtype);
        }

        return rounded;
    }
}
