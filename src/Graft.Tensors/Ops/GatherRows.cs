using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Some rows of x, in ascending order: the labelled ones for a head, or the last of each sequence.</summary>
    /// <remarks>Backward: the gradient goes back to those rows; the others get zero.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="rows">Indices of rows of x, ascending; the array must not change before the backward pass.</param>
    /// <param name="sequences">Which sequence each picked row belongs to.</param>
    public static Tensor GatherRows(Tape tape, Tensor x, int[] rows, SequenceLayout sequences)
    {
        using OpProfile.Span span = OpProfile.Measure("gather rows");
        Tensor y = tape.NewTensor(sequences.Rows, x.Columns, sequences, x.RequiresGrad);
        for (int i = 0; i < y.Rows; i++)
        {
            x.Row(rows[i]).CopyTo(y.Row(i));
        }

        if (y.RequiresGrad && tape.Recording)
        {
            GatherRowsNode node = tape.Record<GatherRowsNode>(y);
            (node.X, node.Rows) = (x, rows);
        }

        return y;
    }

    private sealed class GatherRowsNode : Node
    {
        public Tensor X = null!;
        public int[] Rows = null!;

        public override string Name => "gather rows";

        public override void Backward(Tape tape)
        {
            float* dx = tape.GradientOrZeros(X);
            float* dy = Tape.IncomingGradient(this);
            for (int i = 0; i < Output.Rows; i++)
            {
                VectorKernels.Add(dx + ((long)Rows[i] * X.Columns), dy + ((long)i * X.Columns), X.Columns);
            }
        }
    }
}
