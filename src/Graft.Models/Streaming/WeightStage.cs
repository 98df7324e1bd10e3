using Graft.Tensors;

namespace Graft.Models;

/// <summary>What is read, and may be forgotten, as one: the mapped weights of a block, or those of the head.</summary>
internal sealed class WeightStage
{
    /// <summary>Describes a stage.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="index">Its place in the order of the forward pass.</param>
    /// <param name="ranges">Where its weights lie, disjoint.</param>
    public WeightStage(string name, int index, IReadOnlyList<WeightRange> ranges)
    {
        Name = name;
        Index = index;
        Ranges = ranges;
        ByteLength = ranges.Sum(range => range.Length);
    }

    /// <summary>The module's name.</summary>
    public string Name { get; }

    /// <summary>Place in the order of the forward pass.</summary>
    public int Index { get; }

    /// <summary>Where its weights lie.</summary>
    public IReadOnlyList<WeightRange> Ranges { get; }

    /// <summary>Bytes of all ranges.</summary>
    public long ByteLength { get; }

    /// <summary>Who is told when a pass comes by.</summary>
    public WeightStreaming? Streaming { get; set; }

    /// <summary>The forward pass is about to read the weights.</summary>
    public void BeginForward()
    {
        using OpProfile.Span span = OpProfile.Measure(MarkerNode.NodeName);
        Streaming?.Enter(Index, isBackward: false);
    }

    /// <summary>Leaves a mark on the tape that tells, when the backward pass gets to it, that the weights are about to be read again.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="output">What the stage made.</param>
    public void MarkBackward(Tape tape, Tensor output)
    {
        if (tape.Recording && output.RequiresGrad)
        {
            tape.Record<MarkerNode>(output).Stage = this;
        }
    }

    /// <summary>Passes no gradient on: the nodes of the stage itself, which come after it, do.</summary>
    private sealed class MarkerNode : Node
    {
        public const string NodeName = "weight streaming";

        public override string Name => NodeName;

        public WeightStage Stage { get; set; } = null!;

        public override void Backward(Tape tape) => Stage.Streaming?.Enter(Stage.Index, isBackward: true);
    }
}
