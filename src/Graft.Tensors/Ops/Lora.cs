using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y += s · dropout(x) Aᵀ Bᵀ (+ s · b)</c>, in place on the output of the layer that x went through.</summary>
    /// <remarks>
    /// Hu et al. 2021, "LoRA". The bracketing is (xA)B: the product BA never exists. With <c>h = s · dropout(x) Aᵀ</c>, backward is
    /// <c>dB = dyᵀ h</c>, <c>dh = s · dy B</c>, <c>dA = dhᵀ dropout(x)</c>, <c>dx += dropoutᵀ(dh A)</c>. The mask is drawn again, not stored.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="y">[tokens, out]; changed.</param>
    /// <param name="a">[r, in], or [in, r] with <see cref="LinearLayout.InOut"/>.</param>
    /// <param name="b">[out, r], or [r, out] with <see cref="LinearLayout.InOut"/>.</param>
    /// <param name="bias">[out], scaled too (PEFT's lora_bias); null for none.</param>
    /// <param name="scaling">s: alpha / r, or alpha / sqrt(r) with rsLoRA.</param>
    /// <param name="dropout">Probability that an input element is dropped; 0 outside training.</param>
    /// <param name="layout">How A and B are stored: a tied head uses the embedding's factors, which are the other way round.</param>
    public static void Lora(
        Tape tape, Tensor x, Tensor y, Parameter a, Parameter b, Parameter? bias, float scaling, float dropout, LinearLayout layout = LinearLayout.OutIn)
    {
        using OpProfile.Span span = OpProfile.Measure("lora");
        int rank = layout == LinearLayout.OutIn ? a.View.Rows : a.View.Columns;
        bool trains = a.WantsGradient || b.WantsGradient || (bias?.WantsGradient ?? false);
        bool requiresGrad = tape.Mode != TapeMode.Inference && (x.RequiresGrad || trains);
        int ordinal = dropout > 0 ? tape.RandomOrdinal++ : 0;
        Tensor h = tape.NewTensor(x.Rows, rank, x.Sequences, requiresGrad: false);
        Tensor input = Dropped(tape, x, dropout, ordinal);
        LinearForward(tape, input, a, h, layout, accumulate: false);
        if (!ReferenceEquals(input, x))
        {
            tape.Release(input);
        }

        VectorKernels.Scale(h.Data, scaling, h.Count);
        LinearForward(tape, h, b, y, layout, accumulate: true);
        if (bias is not null)
        {
            BiasKernels.AddRow(y.Data, y.Rows, y.Columns, bias.View, scaling);
        }

        if (!requiresGrad)
        {
            tape.Release(h);
            return;
        }

        y.RequiresGrad = true;
        if (tape.Recording)
        {
            LoraNode node = tape.Record<LoraNode>(y);
            (node.X, node.H, node.A, node.B, node.Bias) = (x, h, a, b, bias);
            (node.Scaling, node.Dropout, node.Ordinal, node.Layout) = (scaling, dropout, ordinal, layout);
            if (a.WantsGradient)
            {
                node.Save(x);
            }

            if (b.WantsGradient)
            {
                node.Save(h);
            }
        }
    }

    /// <summary>x itself, or a copy with some elements dropped and the rest scaled up.</summary>
    private static Tensor Dropped(Tape tape, Tensor x, float dropout, int ordinal)
    {
        if (dropout <= 0)
        {
            return x;
        }

        Tensor dropped = tape.NewTensor(x.Rows, x.Columns, x.Sequences, requiresGrad: false);
        DropoutKernels.Apply(x.ReadOnlyData, dropped.Data, x.Columns, x.Sequences, dropout, tape.RandomSeed, ordinal, accumulate: false);
        return dropped;
    }

    private sealed class LoraNode : Node
    {
        public Tensor X = null!;
        public Tensor H = null!;
        public Parameter A = null!;
        public Parameter B = null!;
        public Parameter? Bias;
        public float Scaling;
        public float Dropout;
        public int Ordinal;
        public LinearLayout Layout;

        public override string Name => "lora";

        public override void Backward(Tape tape)
        {
            float* dy = Output.ReadOnlyGradient;
            int outFeatures = Output.Columns;
            int rank = H.Columns;
            if (B.WantsGradient)
            {
                AccumulateFactor(tape, dy, outFeatures, H.Data, rank, B);
            }

            if (Bias is { WantsGradient: true })
            {
                BiasKernels.AccumulateColumnSums(dy, outFeatures, X.Sequences.Offsets, Bias.Gradient, Scaling);
            }

            if (!A.WantsGradient && !X.RequiresGrad)
            {
                return;
            }

            Tensor dh = tape.NewTensor(X.Rows, rank, X.Sequences, requiresGrad: false);
            LinearProduct.MultiplyBack(tape, Layout, RowOperand.OfGradient(Output), B, dh.Data, accumulate: false);
            VectorKernels.Scale(dh.Data, Scaling, dh.Count);
            if (A.WantsGradient)
            {
                Tensor input = Dropped(tape, X, Dropout, Ordinal);
                AccumulateFactor(tape, dh.Data, rank, input.Data, X.Columns, A);
                if (!ReferenceEquals(input, X))
                {
                    tape.Release(input);
                }
            }

            if (X.RequiresGrad)
            {
                PassToInput(tape, dh);
            }

            tape.Release(dh);
        }

        /// <summary>Adds doutᵀ in, or its transpose, to the gradient of a factor from in to out.</summary>
        private void AccumulateFactor(Tape tape, float* dout, int outColumns, float* input, int inColumns, Parameter factor)
        {
            if (Layout == LinearLayout.OutIn)
            {
                LinearProduct.AccumulateGradient(tape, outColumns, inColumns, dout, input, factor.Gradient, X.Sequences.Offsets);
            }
            else
            {
                LinearProduct.AccumulateGradient(tape, inColumns, outColumns, input, dout, factor.Gradient, X.Sequences.Offsets);
            }
        }

        private void PassToInput(Tape tape, Tensor dh)
        {
            float* dx = tape.GradientOf(X, out bool accumulate);
            if (Dropout <= 0)
            {
                LinearProduct.MultiplyBack(tape, Layout, RowOperand.Of(dh), A, dx, accumulate);
                return;
            }

            Tensor undropped = tape.NewTensor(X.Rows, X.Columns, X.Sequences, requiresGrad: false);
            LinearProduct.MultiplyBack(tape, Layout, RowOperand.Of(dh), A, undropped.Data, accumulate: false);
            DropoutKernels.Apply(undropped.Data, dx, X.Columns, X.Sequences, Dropout, tape.RandomSeed, Ordinal, accumulate);
            tape.Release(undropped);
        }
    }
}
