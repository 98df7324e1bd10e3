using Graft.Tensors;

namespace Graft.Models.Bloom;

/// <summary>One BLOOM layer: norm, attention, residual, norm, MLP, residual.</summary>
public sealed class BloomBlock : TransformerBlock
{
    private readonly LayerNorm _inputNorm;
    private readonly BloomAttention _attention;
    private readonly LayerNorm _postAttentionNorm;
    private readonly BloomMlp _mlp;
    private readonly BloomConfig _config;

    /// <summary>Builds layer <paramref name="index"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="index">Number of the layer.</param>
    public BloomBlock(BloomConfig config, WeightSource weights, int index)
        : base($"transformer.h.{index}", index)
    {
        _config = config;
        _inputNorm = Add(new LayerNorm(weights, $"{Name}.input_layernorm", config.HiddenSize, config.LayerNormEpsilon));
        _attention = Add(new BloomAttention(config, weights, $"{Name}.self_attention", index));
        _postAttentionNorm = Add(new LayerNorm(weights, $"{Name}.post_attention_layernorm", config.HiddenSize, config.LayerNormEpsilon));
        _mlp = Add(new BloomMlp(config, weights, $"{Name}.mlp"));
    }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context, Tensor hidden)
    {
        Tensor normed = _inputNorm.Forward(context, hidden);
        Tensor attended = Join(context, _config.ResidualPostLayerNorm ? normed : hidden, _attention.Forward(context, normed));
        normed = _postAttentionNorm.Forward(context, attended);
        return Join(context, _config.ResidualPostLayerNorm ? normed : attended, _mlp.Forward(context, normed));
    }

    private Tensor Join(ForwardContext context, Tensor residual, Tensor branch)
    {
        if (context.Training)
        {
            branch = Op.Dropout(context.Tape, branch, _config.HiddenDropout);
        }

        return Op.Add(context.Tape, residual, branch);
    }
}
