using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = a + b</c>: the residual connection.</summary>
    /// <remarks>Backward: <c>da = db = dy</c>. One of the two takes over the buffer of dy, so a chain of residuals copies once a block.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="a">[tokens, features].</param>
    /// <param name="b">The same size.</param>
    public static Tensor Add(Tape tape, Tensor a, Tensor b)
    {
        using OpProfile.Span span = OpProfile.Measure("add");
        if (a.Rows != b.Rows || a.Columns != b.Columns)
        {
            throw new ArgumentException($"cannot add [{b.Rows}, {b.Columns}] to [{a.Rows}, {a.Columns}]");
        }

        Tensor y = tape.NewTensor(a.Rows, a.Columns, a.Sequences, a.RequiresGrad || b.RequiresGrad);
        OpProfile.Count(0, 3.0 * sizeof(float) * y.Count);
        VectorKernels.Sum(a.Data, b.Data, y.Data, y.Count);
        if (y.RequiresGrad && tape.Recording)
        {
            AddNode node = tape.Record<AddNode>(y);
            (node.A, node.B) = (a, b);
        }

        return y;
    }

    private sealed class AddNode : Node
    {
        public Tensor A = null!;
        public Tensor B = null!;

        public override string Name => "add";

        public override void Backward(Tape tape)
        {
            if (B.RequiresGrad)
            {
                OpProfile.Count(0, 2.0 * sizeof(float) * Output.Count);
                float* db = tape.GradientOf(B, out bool accumulate);
                float* dy = Tape.IncomingGradient(this);
                if (accumulate)
                {
                    VectorKernels.Add(db, dy, Output.Count);
                }
                else
                {
                    new Span<float>(dy, (int)Output.Count).CopyTo(new Span<float>(db, (int)Output.Count));
                }
            }

            if (A.RequiresGrad && !Tape.TryMoveGradient(Output, A))
            {
                VectorKernels.Add(tape.GradientOf(A, out _), Tape.IncomingGradient(this), Output.Count);
            }
        }
    }
}
