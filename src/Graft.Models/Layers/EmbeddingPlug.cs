using Graft.Tensors;

namespace Graft.Models;

/// <summary>What an adapter method plugs into an <see cref="Embedding"/>.</summary>
public abstract class EmbeddingPlug
{
    /// <summary>Changes the embedded tokens, in place or not.</summary>
    /// <param name="context">The forward pass, with the token ids.</param>
    /// <param name="y">[tokens, features].</param>
    public abstract Tensor TransformOutput(ForwardContext context, Tensor y);
}
