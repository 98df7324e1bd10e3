using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>Hugging Face's <c>LlamaForCausalLM</c>: rotary positions, RMS norms, grouped heads, gated MLP.</summary>
public sealed class LlamaModel : CausalLanguageModel
{
    private readonly RmsNorm _finalNorm;

    /// <summary>Builds the model.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    public LlamaModel(LlamaConfig config, WeightSource weights)
        : base(config)
    {
        const string Embeddings = "model.embed_tokens";
        var rotary = LlamaRotary.Create(config);
        InputEmbedding = Add(new Embedding(weights, Embeddings, config.VocabularySize, config.HiddenSize, config.PadTokenId));
        Blocks = [.. Enumerable.Range(0, config.LayerCount).Select(index => Add(new LlamaBlock(config, weights, rotary, index)))];
        _finalNorm = Add(new RmsNorm(weights, "model.norm", config.HiddenSize, config.RmsNormEpsilon));
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
        Tensor hidden = InputEmbedding.Forward(context);
        return _finalNorm.Forward(context, context.Run(Blocks, hidden));
    }
}
