using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>A linear layer whose input, weight, bias and output are rounded to a 16-bit type; sums stay in fp32.</summary>
    /// <remarks>
    /// What bitsandbytes' <c>Linear4bit</c> does with a 16-bit <c>compute_dtype</c>. Backward: <c>dx = dy W</c>, dy and dx rounded
    /// likewise. The weight decodes to rounded values by itself (<see cref="FourBitMatrix.ComputeDType"/>).
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out]; null for none.</param>
    /// <param name="dtype">bf16 or fp16.</param>
    /// <returns>[tokens, out].</returns>
    private static Tensor RoundedLinear(Tape tape, Tensor x, Parameter weight, Parameter? bias, DType dtype)
    {
        using OpProfile.Span span = OpProfile.Measure("frozen linear");
        WeightView view = weight.View;
        RequireFeatures(x, weight, view.Columns);
        Tensor y = tape.NewTensor(x.Rows, view.Rows, x.Sequences, x.RequiresGrad || (bias?.WantsGradient ?? false));
        Tensor rounded = tape.NewTensor(x.Rows, x.Columns, x.Sequences, requiresGrad: false);
        RoundedTo.Apply(x.Data, rounded.Data, x.Count, dtype);
        Gemm.MultiplyTransposed(x.Rows, rounded.Data, x.Columns, view, y.Data, y.Columns, accumulate: false);
        tape.Release(rounded);
        if (bias is not null)
        {
            float* values = BiasValues(bias);
            RoundedTo.ApplyHere(values, y.Columns, dtype);
            BiasKernels.AddRow(y.Data, y.Rows, y.Columns, new WeightView(values, 1, y.Columns));
        }

        RoundedTo.Apply(y.Data, y.Data, y.Count, dtype);
        if (y.RequiresGrad && tape.Recording)
        {
            FrozenLinearNode node = tape.Record<FrozenLinearNode>(y);
            (node.X, node.Weight, node.Bias, node.ComputeDType) = (x, weight, bias, dtype);
        }

        return y;
    }

    /// <summary>Backward of a linear layer whose weight is never trained.</summary>
    private sealed class FrozenLinearNode : Node
    {
        public Tensor X = null!;
        public Parameter Weight = null!;
        public Parameter? Bias;
        public DType ComputeDType;

        public override string Name => "frozen linear";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int outFeatures = Output.Columns;
            if (ComputeDType != DType.Float32)
            {
                RoundedTo.Apply(dy, dy, Output.Count, ComputeDType);
            }

            if (Bias is { WantsGradient: true })
            {
                BiasKernels.AccumulateColumnSums(dy, outFeatures, X.Sequences.Offsets, Bias.Gradient);
            }

            if (!X.RequiresGrad)
            {
                return;
            }

            float* dx = tape.GradientOf(X, out bool accumulate);
            if (ComputeDType == DType.Float32)
            {
                Gemm.Multiply(Output.Rows, dy, outFeatures, Weight.View, dx, X.Columns, accumulate);
                return;
            }

            Tensor product = tape.NewTensor(X.Rows, X.Columns, X.Sequences, requiresGrad: false);
            Gemm.Multiply(Output.Rows, dy, outFeatures, Weight.View, product.Data, X.Columns, accumulate: false);
            RoundedTo.Apply(product.Data, accumulate ? product.Data : dx, product.Count, ComputeDType);
            if (accumulate)
            {
                VectorKernels.Add(dx, product.Data, product.Count);
            }

            tape.Release(product);
        }
    }
}
