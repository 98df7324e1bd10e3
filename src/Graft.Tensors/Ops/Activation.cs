using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = f(x)</c>, element by element.</summary>
    /// <remarks>Saves x. Backward: <c>dx = dy f'(x)</c>, in dy's own buffer where x has no gradient yet.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="kind">The function; <see cref="ActivationKind.Identity"/> returns <paramref name="x"/> itself.</param>
    /// <returns>The same size.</returns>
    public static Tensor Activation(Tape tape, Tensor x, ActivationKind kind)
    {
        using OpProfile.Span span = OpProfile.Measure("activation");
        if (kind == ActivationKind.Identity)
        {
            return x;
        }

        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad);
        ActivationKernels.Forward(kind, x.Data, y.Data, x.Count);
        if (y.RequiresGrad && tape.Recording)
        {
            ActivationNode node = tape.Record<ActivationNode>(y);
            (node.X, node.Kind) = (x, kind);
            node.Save(x);
        }

        return y;
    }

    private sealed class ActivationNode : Node
    {
        public Tensor X = null!;
        public ActivationKind Kind;

        public override string Name => "activation";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            bool accumulate = !Tape.TryMoveGradient(Output, X);
            ActivationKernels.Backward(Kind, X.Data, dy, tape.GradientOf(X, out _), X.Count, accumulate);
        }
    }
}
