using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>How a linear layer's weight is stored.</summary>
public enum LinearLayout
{
    /// <summary>[out, in]: <c>y = x Wᵀ + b</c>, torch's <c>nn.Linear</c>.</summary>
    OutIn,

    /// <summary>[in, out]: <c>y = x W + b</c>, GPT-2's <c>Conv1D</c>.</summary>
    InOut,
}

/// <summary>The ops: each in its own file, with forward, what it saves, and backward side by side.</summary>
public static unsafe partial class Op
{
    /// <summary><c>y = x Wᵀ + b</c> (or <c>x W + b</c> for a weight stored [in, out]).</summary>
    /// <remarks>Backward: <c>dx = dy W</c>, <c>dW = dyᵀ x</c> and <c>db = Σ dy</c>, each only where somebody needs it; a frozen weight never gets a gradient.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="weight">[out, in] or [in, out], any storage.</param>
    /// <param name="bias">[out], fp32 arithmetic on any storage; null for none.</param>
    /// <param name="layout">How the weight is stored.</param>
    /// <returns>[tokens, out].</returns>
    public static Tensor Linear(Tape tape, Tensor x, Parameter weight, Parameter? bias, LinearLayout layout = LinearLayout.OutIn)
    {
        using OpProfile.Span span = OpProfile.Measure("linear");
        WeightView view = weight.View;
        (int inFeatures, int outFeatures) = layout == LinearLayout.OutIn ? (view.Columns, view.Rows) : (view.Rows, view.Columns);
        if (x.Columns != inFeatures)
        {
            throw new ArgumentException($"{weight.Name}: the input has {x.Columns} features, the weight takes {inFeatures}");
        }

        bool trains = weight.WantsGradient || (bias?.WantsGradient ?? false);
        Tensor y = tape.NewTensor(x.Rows, outFeatures, x.Sequences, x.RequiresGrad || trains);
        LinearForward(tape, x, weight, y, layout, accumulate: false);
        if (bias is not null)
        {
            BiasKernels.AddRow(y.Data, y.Rows, y.Columns, bias.View);
        }

        if (y.RequiresGrad && tape.Recording)
        {
            LinearNode node = tape.Record<LinearNode>(y);
            (node.X, node.Weight, node.Bias, node.Layout) = (x, weight, bias, layout);
            if (weight.WantsGradient)
            {
                node.Save(x);
            }
        }

        return y;
    }

    /// <summary><c>y (+)= x Wᵀ</c>, or <c>x W</c> for a weight stored [in, out], with the kernels that the tape asks for.</summary>
    private static void LinearForward(Tape tape, Tensor x, Parameter weight, Tensor y, LinearLayout layout, bool accumulate)
    {
        if (!tape.Decoding)
        {
            LinearProduct.Multiply(tape, layout, RowOperand.Of(x), weight, y.Data, accumulate);
        }
        else if (layout == LinearLayout.OutIn)
        {
            Gemm.MultiplyTransposedSmall(x.Rows, x.Data, x.Columns, weight.View, y.Data, y.Columns, accumulate);
        }
        else
        {
            Gemm.MultiplySmall(x.Rows, x.Data, x.Columns, weight.View, y.Data, y.Columns, accumulate);
        }
    }

    private sealed class LinearNode : Node
    {
        public Tensor X = null!;
        public Parameter Weight = null!;
        public Parameter? Bias;
        public LinearLayout Layout;

        public override string Name => "linear";

        public override void Backward(Tape tape)
        {
            float* dy = Output.ReadOnlyGradient;
            int outFeatures = Output.Columns;
            if (Weight.WantsGradient)
            {
                if (Layout == LinearLayout.OutIn)
                {
                    LinearProduct.AccumulateGradient(tape, outFeatures, X.Columns, dy, X.Data, Weight.Gradient, X.Sequences.Offsets);
                }
                else
                {
                    LinearProduct.AccumulateGradient(tape, X.Columns, outFeatures, X.Data, dy, Weight.Gradient, X.Sequences.Offsets);
                }
            }

            if (Bias is { WantsGradient: true })
            {
                BiasKernels.AccumulateColumnSums(dy, outFeatures, X.Sequences.Offsets, Bias.Gradient);
            }

            if (X.RequiresGrad)
            {
                float* dx = tape.GradientOf(X, out bool accumulate);
                LinearProduct.MultiplyBack(tape, Layout, RowOperand.OfGradient(Output), Weight, dx, accumulate);
            }
        }
    }
}
