using Graft.Tensors;

namespace Graft.Models;

/// <summary>One layer of a stack, decoder or encoder: the unit of gradient checkpointing and of memory scopes.</summary>
public abstract class TransformerBlock : Module, IRecomputable
{
    /// <summary>Names the block.</summary>
    /// <param name="name">Full path.</param>
    /// <param name="index">Number of the layer, from 0.</param>
    protected TransformerBlock(string name, int index)
        : base(name)
        => Index = index;

    /// <summary>Number of the layer, from 0.</summary>
    public int Index { get; }

    /// <summary>Its weights as they are streamed from a mapped file; null where they are not.</summary>
    internal WeightStage? Stage { get; set; }

    /// <summary>Runs the block.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="hidden">[tokens, hidden].</param>
    /// <returns>[tokens, hidden].</returns>
    public abstract Tensor Forward(ForwardContext context, Tensor hidden);

    /// <inheritdoc/>
    Tensor IRecomputable.Run(Tape tape, Tensor input, object? state) => Forward((ForwardContext)state!, input);
}
