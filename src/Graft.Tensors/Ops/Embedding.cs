using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y[t] = E[id[t]]</c>: one row of the table for each token.</summary>
    /// <remarks>Backward: <c>dE[id[t]] += dy[t]</c>, token by token in order, columns shared out among the workers.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="table">[vocabulary, features], any storage.</param>
    /// <param name="ids">Token ids; the array must not change before the backward pass.</param>
    /// <param name="sequences">The sequences that the tokens belong to.</param>
    /// <param name="paddingId">An id whose row gets no gradient (torch's <c>padding_idx</c>); -1 for none.</param>
    /// <returns>[tokens, features].</returns>
    public static Tensor Embedding(Tape tape, Parameter table, int[] ids, SequenceLayout sequences, int paddingId = -1)
    {
        using OpProfile.Span span = OpProfile.Measure("embedding");
        WeightView view = table.View;
        int rows = sequences.Rows;
        for (int i = 0; i < rows; i++)
        {
            if ((uint)ids[i] >= (uint)view.Rows)
            {
                throw new ArgumentException($"token id {ids[i]} at row {i} is outside {table.Name}, which has {view.Rows} rows: the tokenizer does not fit the model");
            }
        }

        Tensor y = tape.NewTensor(rows, view.Columns, sequences, table.WantsGradient);
        OpProfile.Count(0, (double)y.Count * (sizeof(float) + view.DType.SizeInBytes()));
        for (int i = 0; i < rows; i++)
        {
            WeightDecoder.Decode(view, (long)ids[i] * view.Columns, view.Columns, y.Data + ((long)i * view.Columns));
        }

        if (y.RequiresGrad && tape.Recording)
        {
            EmbeddingNode node = tape.Record<EmbeddingNode>(y);
            (node.Table, node.Ids, node.PaddingId) = (table, ids, paddingId);
        }

        return y;
    }

    private sealed class EmbeddingNode : Node
    {
        public Parameter Table = null!;
        public int[] Ids = null!;
        public int PaddingId;

        public override string Name => "embedding";

        public override void Backward(Tape tape)
        {
            fixed (int* ids = Ids)
            {
                var job = new EmbeddingGradient
                {
                    Dy = Tape.IncomingGradient(this),
                    Gradient = Table.Gradient,
                    Ids = ids,
                    Rows = Output.Rows,
                    Columns = Output.Columns,
                    PaddingId = PaddingId,
                };
                WorkerPool.Shared.Run((Output.Columns + EmbeddingGradient.ColumnsPerPart - 1) / EmbeddingGradient.ColumnsPerPart, ref job);
            }
        }
    }

    private struct EmbeddingGradient : IParallelJob
    {
        public const int ColumnsPerPart = 128;

        public float* Dy, Gradient;
        public int* Ids;
        public int Rows, Columns, PaddingId;

        public readonly void Execute(int part)
        {
            int first = part * ColumnsPerPart;
            int count = Math.Min(ColumnsPerPart, Columns - first);
            for (int row = 0; row < Rows; row++)
            {
                if (Ids[row] != PaddingId)
                {
                    VectorKernels.Add(Gradient + ((long)Ids[row] * Columns) + first, Dy + ((long)row * Columns) + first, count);
                }
            }
        }
    }
}
