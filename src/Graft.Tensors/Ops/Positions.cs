namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = x + P[position + offset]</c>: learned positions, one row of the table for each token.</summary>
    /// <remarks>Backward: <c>dx = dy</c>, <c>dP[position] += dy</c> token by token in order.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="table">[positions, features], any storage.</param>
    /// <param name="offset">Row of position 0 (OPT: 2).</param>
    public static Tensor AddPositions(Tape tape, Tensor x, Parameter table, int offset = 0)
    {
        using OpProfile.Span span = OpProfile.Measure("positions");
        WeightView view = table.View;
        ReadOnlySpan<int> positions = x.Sequences.Positions;
        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad || table.WantsGradient);
        for (int i = 0; i < x.Rows; i++)
        {
            int row = positions[i] + offset;
            if (row >= view.Rows)
            {
                throw new ArgumentException($"position {positions[i]} is outside {table.Name}: the model takes sequences of up to {view.Rows - offset} tokens; lower max_length");
            }

            float* target = y.Data + ((long)i * y.Columns);
            Kernels.WeightDecoder.Decode(view, (long)row * view.Columns, view.Columns, target);
            Kernels.VectorKernels.Add(target, x.Data + ((long)i * x.Columns), x.Columns);
        }

        if (y.RequiresGrad && tape.Recording)
        {
            PositionsNode node = tape.Record<PositionsNode>(y);
            (node.X, node.Table, node.Offset) = (x, table, offset);
        }

        return y;
    }

    private sealed class PositionsNode : Node
    {
        public Tensor X = null!;
        public Parameter Table = null!;
        public int Offset;

        public override string Name => "positions";

        public override void Backward(Tape tape)
        {
            if (Table.WantsGradient)
            {
                float* dy = Tape.IncomingGradient(this);
                ReadOnlySpan<int> positions = X.Sequences.Positions;
                for (int i = 0; i < Output.Rows; i++)
                {
                    Kernels.VectorKernels.Add(Table.Gradient + ((long)(positions[i] + Offset) * X.Columns), dy + ((long)i * X.Columns), X.Columns);
                }
            }

            if (X.RequiresGrad && !Tape.TryMoveGradient(Output, X))
            {
                Kernels.VectorKernels.Add(tape.GradientOf(X, out _), Tape.IncomingGradient(this), Output.Count);
            }
        }
    }
}
