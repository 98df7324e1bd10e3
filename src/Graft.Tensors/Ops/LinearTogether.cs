using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <content>Several linear layers at once.</content>
public static unsafe partial class Op
{
    /// <summary>Most layers that run together.</summary>
    private const int MostTogether = SmallProductJob.Most;

    /// <summary>Whether <see cref="LinearTogether"/> takes a layer: in decoding, where its arithmetic is the plain product's.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="weight">The layer's weight.</param>
    public static bool RunsTogether(Tape tape, Parameter weight)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(weight);
        return tape is { Decoding: true, Recording: false }
            && weight.Quantized is null or BlockMatrix or FourBitMatrix { ComputeDType: DType.Float32 };
    }

    /// <summary>Layers that share their input, as queries, keys and values do, handed out to the workers in one go: one wait for all instead of one each.</summary>
    /// <remarks>Bits are those of <see cref="Linear"/>, layer by layer.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="layers">Weights [out, in] that <see cref="RunsTogether"/> allows, and biases or null; three at most.</param>
    /// <param name="outputs">Receives [tokens, out] for each.</param>
    public static void LinearTogether(Tape tape, Tensor x, ReadOnlySpan<(Parameter Weight, Parameter? Bias)> layers, Span<Tensor> outputs)
    {
        using OpProfile.Span span = OpProfile.Measure("linear");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers.Length, MostTogether);
        var job = default(SmallProductJob);
        for (int i = 0; i < layers.Length; i++)
        {
            Parameter weight = layers[i].Weight;
            WeightView view = weight.View;
            if (x.Columns != view.Columns || !RunsTogether(tape, weight))
            {
                throw new ArgumentException($"{weight.Name}: {view.Rows} x {view.Columns} does not run together with others on {x.Columns} features");
            }

            outputs[i] = tape.NewTensor(x.Rows, view.Rows, x.Sequences, requiresGrad: false);
            if (outputs[i].Count > 0)
            {
                job.Add(Gemm.SmallTransposed(x.Rows, x.Data, x.Columns, view, outputs[i].Data, view.Rows, accumulate: false));
            }
        }

        job.Run();
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i].Bias is { } bias)
            {
                BiasKernels.AddRow(outputs[i].Data, outputs[i].Rows, outputs[i].Columns, bias.View);
            }
        }
    }
}
