using Graft.Tensors;

namespace Graft.Models.Gpt2;

/// <summary>Hugging Face's <c>GPT2LMHeadModel</c>: learned positions, <c>Conv1D</c> layers stored [in, out], a tied head.</summary>
public sealed class Gpt2Model : CausalLanguageModel
{
    private readonly PositionTable _positions;
    private readonly LayerNorm _finalNorm;
    private readonly Gpt2Config _config;

    /// <summary>Builds the model.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    public Gpt2Model(Gpt2Config config, WeightSource weights)
        : base(config)
    {
        const string Embeddings = "transformer.wte";
        _config = config;
        InputEmbedding = Add(new Embedding(weights, Embeddings, config.VocabularySize, config.HiddenSize));
        _positions = Add(new PositionTable(weights, "transformer.wpe", config.Positions, config.HiddenSize));
        Blocks = [.. Enumerable.Range(0, config.LayerCount).Select(index => Add(new Gpt2Block(config, weights, index)))];
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
        Tensor hidden = _positions.Forward(context, InputEmbedding.Forward(context));
        if (context.Training)
        {
            hidden = Op.Dropout(context.Tape, hidden, _config.EmbeddingDropout);
        }

        return _finalNorm.Forward(context, context.Run(Blocks, hidden));
    }
}
