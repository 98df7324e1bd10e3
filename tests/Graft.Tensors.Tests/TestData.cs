using Graft.Tensors;

namespace Graft.Tensors.Tests;

/// <summary>Numbers, tensors and batches for tests.</summary>
internal static unsafe class TestData
{
    /// <summary>Numbers uniform in [-range, range).</summary>
    public static float[] Uniform(int count, ulong seed, float range = 1)
    {
        var values = new float[count];
        CounterRandom.FillUniform(values, seed, -range, range);
        return values;
    }

    /// <summary>A batch of sequences of the given lengths, with keys 1, 2, 3 ...</summary>
    public static SequenceLayout Layout(params int[] lengths)
    {
        var layout = new SequenceLayout();
        for (int i = 0; i < lengths.Length; i++)
        {
            layout.Add(lengths[i], key: (ulong)i + 1);
        }

        return layout;
    }

    /// <summary>The sequence at <paramref name="index"/> of a batch as a batch of its own.</summary>
    public static SequenceLayout Single(SequenceLayout batch, int index)
    {
        var layout = new SequenceLayout();
        layout.Add(batch.Positions[batch.Offsets[index]..batch.Offsets[index + 1]], batch.Keys[index]);
        return layout;
    }

    /// <summary>An input tensor that requires a gradient.</summary>
    public static Tensor Leaf(Tape tape, SequenceLayout layout, ReadOnlySpan<float> values, bool requiresGrad = true)
    {
        Tensor tensor = tape.NewTensor(layout.Rows, layout.Rows == 0 ? 0 : values.Length / layout.Rows, layout, requiresGrad);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>A parameter with the given values.</summary>
    public static Parameter Parameter(string name, float[] values, params int[] shape)
    {
        Parameter parameter = Tensors.Parameter.Create(name, shape.Length == 0 ? [values.Length] : shape);
        values.CopyTo(parameter.Values);
        return parameter;
    }

    /// <summary>Puts the first gradient in place.</summary>
    public static void Seed(Tape tape, Tensor output, ReadOnlySpan<float> gradient)
        => gradient.CopyTo(new Span<float>(tape.GradientOf(output, out _), (int)output.Count));

    /// <summary>The gradient that has arrived at a tensor; zeros where none has.</summary>
    public static float[] Gradient(Tensor tensor)
        => tensor.Gradient == null ? new float[tensor.Count] : new Span<float>(tensor.Gradient, (int)tensor.Count).ToArray();

    /// <summary>The gradient that has arrived at a parameter.</summary>
    public static float[] Gradient(Parameter parameter) => new Span<float>(parameter.Gradient, (int)parameter.Count).ToArray();
}
