using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = (x - mean) / √(variance + ε) · weight + bias</c> over each row.</summary>
    /// <remarks>
    /// Ba et al. 2016. Saves x and two numbers a row. Backward, with <c>x̂ = (x - mean) rstd</c> and <c>g = dy · weight</c>:
    /// <c>dx = rstd (g - mean(g) - x̂ mean(g x̂))</c>, <c>dweight = Σ dy x̂</c>, <c>dbias = Σ dy</c>, the sums sequence by sequence.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="weight">[features], any storage; null for ones.</param>
    /// <param name="bias">[features], any storage; null for none.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <returns>[tokens, features].</returns>
    /// <exception cref="ArgumentException">A parameter has another number of elements than x has columns.</exception>
    public static Tensor LayerNorm(Tape tape, Tensor x, Parameter? weight, Parameter? bias, float epsilon)
    {
        using OpProfile.Span span = OpProfile.Measure("layer norm");
        RequireFeatures(x, weight);
        RequireFeatures(x, bias);
        bool weightTrains = weight is { WantsGradient: true };
        bool biasTrains = bias is { WantsGradient: true };
        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad || weightTrains || biasTrains);
        Tensor statistics = tape.NewTensor(x.Rows, 2, x.Sequences, requiresGrad: false);
        NormKernels.LayerForward(x.Data, x.Rows, x.Columns, weight, bias, epsilon, y.Data, statistics.Data);
        if (y.RequiresGrad && tape.Recording)
        {
            LayerNormNode node = tape.Record<LayerNormNode>(y);
            (node.X, node.Weight, node.Bias, node.Statistics) = (x, weight, bias, statistics);
            if (x.RequiresGrad || weightTrains)
            {
                node.Save(x);
                node.SaveExactly(statistics);
            }
        }

        tape.Release(statistics);
        return y;
    }

    private static void RequireFeatures(Tensor x, Parameter? parameter)
    {
        if (parameter is not null && parameter.Count != x.Columns)
        {
            throw new ArgumentException($"{parameter.Name}: the input has {x.Columns} features, the parameter {parameter.Count}");
        }
    }

    private sealed class LayerNormNode : Node
    {
        public Tensor X = null!;
        public Tensor Statistics = null!;
        public Parameter? Weight;
        public Parameter? Bias;

        public override string Name => "layer norm";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            if (Weight is { WantsGradient: true })
            {
                NormKernels.LayerWeightGradient(X.Data, dy, X.Columns, Statistics.Data, X.Sequences.Offsets, Weight.Gradient);
            }

            if (Bias is { WantsGradient: true })
            {
                BiasKernels.AccumulateColumnSums(dy, X.Columns, X.Sequences.Offsets, Bias.Gradient);
            }

            if (X.RequiresGrad)
            {
                bool accumulate = !Tape.TryMoveGradient(Output, X);
                NormKernels.LayerBackward(X.Data, dy, X.Rows, X.Columns, Weight, Statistics.Data, tape.GradientOf(X, out _), accumulate);
            }
        }
    }
}
