using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>The embedded tokens of a few chosen ids become rows of a table of their own, in place: trained token rows.</summary>
    /// <remarks>Backward: the gradient of such a token goes to its row, token by token in order, and no further.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="ids">Token ids, as for the embedding; the array must not change before the backward pass.</param>
    /// <param name="y">[tokens, features]: what the embedding put out; changed.</param>
    /// <param name="rows">[chosen, features].</param>
    /// <param name="rowOf">The row of each chosen id.</param>
    /// <param name="paddingId">An id whose row gets no gradient; -1 for none.</param>
    public static void TokenRows(Tape tape, int[] ids, Tensor y, Parameter rows, IReadOnlyDictionary<int, int> rowOf, int paddingId = -1)
    {
        using OpProfile.Span span = OpProfile.Measure("token rows");
        bool isUsed = false;
        for (int i = 0; i < y.Rows; i++)
        {
            if (rowOf.TryGetValue(ids[i], out int row))
            {
                isUsed = true;
                WeightDecoder.Decode(rows.View, (long)row * y.Columns, y.Columns, y.Data + ((long)i * y.Columns));
            }
        }

        if (!isUsed)
        {
            return;
        }

        y.RequiresGrad |= rows.WantsGradient && tape.Mode != TapeMode.Inference;
        if (y.RequiresGrad && tape.Recording)
        {
            TokenRowsNode node = tape.Record<TokenRowsNode>(y);
            (node.Ids, node.Rows, node.RowOf, node.PaddingId) = (ids, rows, rowOf, paddingId);
        }
    }

    private sealed class TokenRowsNode : Node
    {
        public int[] Ids = null!;
        public Parameter Rows = null!;
        public IReadOnlyDictionary<int, int> RowOf = null!;
        public int PaddingId;

        public override string Name => "token rows";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int columns = Output.Columns;
            for (int i = 0; i < Output.Rows; i++)
            {
                if (!RowOf.TryGetValue(Ids[i], out int row))
                {
                    continue;
                }

                float* gradient = dy + ((long)i * columns);
                if (Rows.WantsGradient && Ids[i] != PaddingId)
                {
                    VectorKernels.Add(Rows.Gradient + ((long)row * columns), gradient, columns);
                }

                new Span<float>(gradient, columns).Clear();
            }
        }
    }
}
