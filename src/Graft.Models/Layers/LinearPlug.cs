using Graft.Tensors;

namespace Graft.Models;

/// <summary>What an adapter method plugs into a <see cref="Linear"/> (design D5). The model never knows which method it is.</summary>
public abstract class LinearPlug
{
    /// <summary>Changes the layer's input: (IA)³ on feed-forward layers scales it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, in].</param>
    public virtual Tensor TransformInput(ForwardContext context, Tensor x) => x;

    /// <summary>Changes the layer's output: LoRA adds to it, (IA)³ scales it. May change <paramref name="y"/> in place.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, in]: what went into the layer.</param>
    /// <param name="y">[tokens, out]: what came out of it, and of the plugs before this one.</param>
    public virtual Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y) => y;
}
