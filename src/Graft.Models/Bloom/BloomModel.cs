using Graft.Tensors;

namespace Graft.Models.Bloom;

/// <summary>Hugging Face's <c>BloomForCausalLM</c>: ALiBi positions, a norm after the embedding, a tied head.</summary>
public sealed class BloomModel : CausalLanguageModel
{
    private readonly LayerNorm _embeddingNorm;
    private readonly LayerNorm _finalNorm;

    /// <summary>Builds the model.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    public BloomModel(BloomConfig config, WeightSource weights)
        : base(config)
    {
        const string Embeddings = "transformer.word_embeddings";
        InputEmbedding = Add(new Embedding(weights, Embeddings, config.VocabularySize, config.HiddenSize));
        _embeddingNorm = Add(new LayerNorm(weights, "transformer.word_embeddings_layernorm", config.HiddenSize, config.LayerNormEpsilon));
        Blocks = [.. Enumerable.Range(0, config.LayerCount).Select(index => Add(new BloomBlock(config, weights, index)))];
        _finalNorm = Add(new LayerNorm(weights, "transformer.ln_f", config.HiddenSize, config.LayerNormEpsilon));
        Head = Add(new Linear("lm_head", weights.TakeHead("lm_head.weight", InputEmbedding.Weight, $"{Embeddings}.weight", config.TieWordEmbeddings), bias: null));
    }

    /// <inheritdoc/>
    public override Embedding InputEmbedding { get; }

    /// <inheritdoc/>
    public override Linear Head { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<TransformerBlock> Blocks { get; }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context)
    {
        Tensor hidden = _embeddingNorm.Forward(context, InputEmbedding.Forward(context));
        return _finalNorm.Forward(context, context.Run(Blocks, hidden));
    }
}
