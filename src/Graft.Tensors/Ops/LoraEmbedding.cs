using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y[t] += s · A[:, id[t]]ᵀ Bᵀ</c>, in place on embedded tokens: LoRA on an embedding.</summary>
    /// <remarks>With <c>h[t] = s · A[:, id[t]]</c>, backward is <c>dB = dyᵀ h</c>, <c>dA[:, id[t]] += s · dy[t] B</c>, token by token in order.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="ids">Token ids, as for the embedding; the array must not change before the backward pass.</param>
    /// <param name="y">[tokens, features]; changed.</param>
    /// <param name="a">[r, vocabulary].</param>
    /// <param name="b">[features, r].</param>
    /// <param name="scaling">s.</param>
    /// <param name="paddingId">An id whose column of A gets no gradient; -1 for none.</param>
    public static void LoraEmbedding(Tape tape, int[] ids, Tensor y, Parameter a, Parameter b, float scaling, int paddingId = -1)
    {
        using OpProfile.Span span = OpProfile.Measure("lora embedding");
        int rank = a.View.Rows;
        bool requiresGrad = tape.Mode != TapeMode.Inference && (a.WantsGradient || b.WantsGradient);
        Tensor h = tape.NewTensor(y.Rows, rank, y.Sequences, requiresGrad: false);
        WeightView view = a.View;
        for (int row = 0; row < y.Rows; row++)
        {
            for (int k = 0; k < rank; k++)
            {
                h.Data[((long)row * rank) + k] = scaling * WeightDecoder.Read(view, ((long)k * view.Columns) + ids[row]);
            }
        }

        LinearProduct.Multiply(tape, LinearLayout.OutIn, RowOperand.Of(h), b, y.Data, accumulate: true);
        if (!requiresGrad)
        {
            tape.Release(h);
            return;
        }

        y.RequiresGrad = true;
        if (tape.Recording)
        {
            LoraEmbeddingNode node = tape.Record<LoraEmbeddingNode>(y);
            (node.Ids, node.H, node.A, node.B, node.Scaling, node.PaddingId) = (ids, h, a, b, scaling, paddingId);
            if (b.WantsGradient)
            {
                node.Save(h);
            }
        }
    }

    private sealed class LoraEmbeddingNode : Node
    {
        public int[] Ids = null!;
        public Tensor H = null!;
        public Parameter A = null!;
        public Parameter B = null!;
        public float Scaling;
        public int PaddingId;

        public override string Name => "lora embedding";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int rows = Output.Rows;
            int features = Output.Columns;
            int rank = A.View.Rows;
            if (B.WantsGradient)
            {
                LinearProduct.AccumulateGradient(tape, features, rank, dy, H.Data, B.Gradient, Output.Sequences.Offsets);
            }

            if (!A.WantsGradient)
            {
                return;
            }

            Tensor dh = tape.NewTensor(rows, rank, Output.Sequences, requiresGrad: false);
            LinearProduct.MultiplyBack(tape, LinearLayout.OutIn, RowOperand.Of(dy, rows, features), B, dh.Data, accumulate: false);
            long vocabulary = A.View.Columns;
            for (int row = 0; row < rows; row++)
            {
                for (int k = 0; k < rank && Ids[row] != PaddingId; k++)
                {
                    A.Gradient[(k * vocabulary) + Ids[row]] += Scaling * dh.Data[((long)row * rank) + k];
                }
            }

            tape.Release(dh);
        }
    }
}
