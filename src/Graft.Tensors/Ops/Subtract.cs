using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y −= x</c>, in place.</summary>
    /// <remarks>Backward: <c>dx −= dy</c>; the gradient of y goes on unchanged.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="y">[tokens, features]; changed.</param>
    /// <param name="x">The same size.</param>
    public static void Subtract(Tape tape, Tensor y, Tensor x)
    {
        using OpProfile.Span span = OpProfile.Measure("subtract");
        if (y.Rows != x.Rows || y.Columns != x.Columns)
        {
            throw new ArgumentException($"cannot subtract [{x.Rows}, {x.Columns}] from [{y.Rows}, {y.Columns}]");
        }

        VectorKernels.Subtract(y.Data, x.Data, y.Count);
        if (!x.RequiresGrad)
        {
            return;
        }

        y.RequiresGrad = true;
        if (tape.Recording)
        {
            tape.Record<SubtractNode>(y).X = x;
        }
    }

    private sealed class SubtractNode : Node
    {
        public Tensor X = null!;

        public override string Name => "subtract";

        public override void Backward(Tape tape) => VectorKernels.Subtract(tape.GradientOrZeros(X), Tape.IncomingGradient(this), X.Count);
    }
}
