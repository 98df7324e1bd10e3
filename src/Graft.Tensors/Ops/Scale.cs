using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>x · factor</c>, in place.</summary>
    /// <remarks>Backward: <c>dx = dy · factor</c>, in place as well: nothing is saved. Call it before another op saves <paramref name="x"/>.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features]; changed.</param>
    /// <param name="factor">The factor.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor Scale(Tape tape, Tensor x, float factor)
    {
        using OpProfile.Span span = OpProfile.Measure("scale");
        VectorKernels.Scale(x.Data, factor, x.Count);
        if (x.RequiresGrad && tape.Recording)
        {
            ScaleNode node = tape.Record<ScaleNode>(x);
            node.Factor = factor;
        }

        return x;
    }

    private sealed class ScaleNode : Node
    {
        public float Factor;

        public override string Name => "scale";

        public override void Backward(Tape tape) => VectorKernels.Scale(Tape.IncomingGradient(this), Factor, Output.Count);
    }
}
