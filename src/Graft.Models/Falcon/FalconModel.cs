using Graft.Tensors;

namespace Graft.Models.Falcon;

/// <summary>Hugging Face's <c>FalconForCausalLM</c>: rotary positions or ALiBi, parallel or serial blocks, a tied head.</summary>
public sealed class FalconModel : CausalLanguageModel
{
    private readonly LayerNorm _finalNorm;

    /// <summary>Builds the model.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    public FalconModel(FalconConfig config, WeightSource weights)
        : base(config)
    {
        const string Embeddings = "transformer.word_embeddings";
        RotaryTable? rotary = config.Rotary?.CreateTable();
        InputEmbedding = Add(new Embedding(weights, Embeddings, config.VocabularySize, config.HiddenSize));
        Blocks = [.. Enumerable.Range(0, config.LayerCount).Select(index => Add(new FalconBlock(config, weights, rotary, index)))];
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
        Tensor hidden = InputEmbedding.Forward(context);
        return _finalNorm.Forward(context, context.Run(Blocks, hidden));
    }
}
