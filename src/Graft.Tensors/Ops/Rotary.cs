using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Rotary position embedding, in place: pairs of columns of each head turn by an angle that grows with the row's position.</summary>
    /// <remarks>
    /// <c>a' = a cos - b sin</c>, <c>b' = b cos + a sin</c>. Backward turns the gradient back, in place as well: nothing is saved.
    /// Call it before another op saves <paramref name="x"/>.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, any]; changed.</param>
    /// <param name="layout">Columns of the heads.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="table">Angles; the first 2 * <see cref="RotaryTable.Pairs"/> columns of each head turn.</param>
    /// <param name="interleaved">True: neighbours 2i and 2i + 1 are a pair (GPT-J). False: halves i and i + pairs (Llama).</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor Rotary(Tape tape, Tensor x, HeadLayout layout, int heads, RotaryTable table, bool interleaved)
    {
        using OpProfile.Span span = OpProfile.Measure("rotary");
        layout.Validate("rotary embedding", x, heads, 2 * table.Pairs);
        RotaryKernels.Rotate(x.Data, x, layout, heads, table, interleaved, inverse: false);
        if (x.RequiresGrad && tape.Recording)
        {
            RotaryNode node = tape.Record<RotaryNode>(x);
            (node.Layout, node.Heads, node.Table, node.Interleaved) = (layout, heads, table, interleaved);
        }

        return x;
    }

    private sealed class RotaryNode : Node
    {
        public HeadLayout Layout;
        public int Heads;
        public RotaryTable Table = null!;
        public bool Interleaved;

        public override string Name => "rotary";

        public override void Backward(Tape tape)
            => RotaryKernels.Rotate(Tape.IncomingGradient(this), Output, Layout, Heads, Table, Interleaved, inverse: true);
    }
}
