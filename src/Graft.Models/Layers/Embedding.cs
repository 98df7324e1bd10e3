using Graft.Tensors;

namespace Graft.Models;

/// <summary>Token embedding, with a slot for adapters.</summary>
public sealed class Embedding : Module
{
    private readonly List<EmbeddingPlug> _plugs = [];

    /// <summary>Takes <c>weight</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="vocabularySize">Number of tokens.</param>
    /// <param name="features">Features of a row.</param>
    /// <param name="paddingId">Id whose row gets no gradient from look-ups; null for none.</param>
    public Embedding(WeightSource weights, string name, int vocabularySize, int features, int? paddingId = null)
        : base(name)
    {
        Weight = AddWeight("weight", weights.Take($"{name}.weight", WeightRole.Embedding, [vocabularySize, features]));
        PaddingId = paddingId ?? -1;
    }

    /// <summary>The table, [vocabulary, features].</summary>
    public WeightSlot Weight { get; }

    /// <summary>Number of tokens.</summary>
    public int VocabularySize => Weight.Current.Shape[0];

    /// <summary>Id whose row gets no gradient from look-ups; -1 for none.</summary>
    public int PaddingId { get; }

    /// <summary>Features of a row.</summary>
    public int Features => Weight.Current.Shape[1];

    /// <summary>The adapters, in the order in which they act.</summary>
    public IList<EmbeddingPlug> Plugs => _plugs;

    /// <summary>Embeds the context's tokens.</summary>
    /// <param name="context">The forward pass.</param>
    /// <returns>[tokens, features].</returns>
    public Tensor Forward(ForwardContext context)
    {
        Tensor y = Op.Embedding(context.Tape, Weight.Current, context.TokenIds, context.Sequences, PaddingId);
        foreach (EmbeddingPlug plug in _plugs)
        {
            y = plug.TransformOutput(context, y);
        }

        return y;
    }
}
