using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>The logits of a few chosen tokens come from rows of a table of their own, in place: <c>y[:, c[j]] = x R[j] (+ b[c[j]])</c>.</summary>
    /// <remarks>Trained token rows in a head. Backward: <c>dR = dzᵀ x</c> and <c>dx += dz R</c> with <c>dz = dy[:, c]</c>, and nothing reaches the head's own rows.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features]: what went into the head.</param>
    /// <param name="y">[tokens, vocabulary]: what it put out; changed.</param>
    /// <param name="rows">[chosen, features].</param>
    /// <param name="columns">The chosen ids, one a row, each once.</param>
    /// <param name="bias">The head's bias, [vocabulary]; null for none.</param>
    public static void TokenColumns(Tape tape, Tensor x, Tensor y, Parameter rows, int[] columns, Parameter? bias)
    {
        using OpProfile.Span span = OpProfile.Measure("token columns");
        bool requiresGrad = tape.Mode != TapeMode.Inference && (x.RequiresGrad || rows.WantsGradient);
        Tensor z = tape.NewTensor(x.Rows, columns.Length, x.Sequences, requiresGrad: false);
        Gemm.MultiplyTransposed(x.Rows, x.Data, x.Columns, rows.View, z.Data, z.Columns, accumulate: false);
        for (int j = 0; j < columns.Length; j++)
        {
            float shift = bias is null ? 0 : WeightDecoder.Read(bias.View, columns[j]);
            for (int i = 0; i < y.Rows; i++)
            {
                y.Data[((long)i * y.Columns) + columns[j]] = z.Data[((long)i * z.Columns) + j] + shift;
            }
        }

        tape.Release(z);
        y.RequiresGrad |= requiresGrad;
        if (y.RequiresGrad && tape.Recording)
        {
            TokenColumnsNode node = tape.Record<TokenColumnsNode>(y);
            (node.X, node.Rows, node.Columns, node.Bias) = (x, rows, columns, bias);
            if (rows.WantsGradient)
            {
                node.Save(x);
            }
        }
    }

    private sealed class TokenColumnsNode : Node
    {
        public Tensor X = null!;
        public Parameter Rows = null!;
        public int[] Columns = null!;
        public Parameter? Bias;

        public override string Name => "token columns";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int chosen = Columns.Length;
            Tensor dz = tape.NewTensor(X.Rows, chosen, X.Sequences, requiresGrad: false);
            bool biasTrains = Bias is { WantsGradient: true };
            for (int i = 0; i < X.Rows; i++)
            {
                for (int j = 0; j < chosen; j++)
                {
                    float* gradient = dy + ((long)i * Output.Columns) + Columns[j];
                    dz.Data[((long)i * chosen) + j] = *gradient;
                    if (biasTrains)
                    {
                        Bias!.Gradient[Columns[j]] += *gradient;
                    }

                    *gradient = 0;
                }
            }

            if (Rows.WantsGradient)
            {
                Gemm.AccumulateTransposed(chosen, X.Columns, dz.Data, chosen, X.Data, X.Columns, Rows.Gradient, X.Columns, X.Sequences.Offsets);
            }

            if (X.RequiresGrad)
            {
                float* dx = tape.GradientOf(X, out bool accumulate);
                Gemm.Multiply(X.Rows, dz.Data, chosen, Rows.View, dx, X.Columns, accumulate);
            }

            tape.Release(dz);
        }
    }
}
