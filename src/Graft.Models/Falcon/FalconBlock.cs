using Graft.Tensors;

namespace Graft.Models.Falcon;

/// <summary>One Falcon layer: attention and MLP side by side over one norm or two, or, in the serial form, one after the other.</summary>
public sealed class FalconBlock : TransformerBlock
{
    private readonly FalconConfig _config;
    private readonly FalconAttention _attention;
    private readonly FalconMlp _mlp;
    private readonly LayerNorm _attentionNorm;
    private readonly LayerNorm? _mlpNorm;

    /// <summary>Builds layer <paramref name="index"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="rotary">Positions, shared by all layers; null for ALiBi.</param>
    /// <param name="index">Number of the layer.</param>
    public FalconBlock(FalconConfig config, WeightSource weights, RotaryTable? rotary, int index)
        : base($"transformer.h.{index}", index)
    {
        _config = config;
        _attention = Add(new FalconAttention(config, weights, rotary, $"{Name}.self_attention", index));
        _mlp = Add(new FalconMlp(config, weights, $"{Name}.mlp"));
        (string attentionNorm, string? mlpNorm) = !config.ParallelAttention ? ("input_layernorm", "post_attention_layernorm")
            : config.NormsInParallel == 2 ? ("ln_attn", "ln_mlp")
            : ("input_layernorm", null);
        _attentionNorm = Add(new LayerNorm(weights, $"{Name}.{attentionNorm}", config.HiddenSize, config.LayerNormEpsilon));
        _mlpNorm = mlpNorm is null ? null : Add(new LayerNorm(weights, $"{Name}.{mlpNorm}", config.HiddenSize, config.LayerNormEpsilon));
    }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context, Tensor hidden)
    {
        Tensor normed = _attentionNorm.Forward(context, hidden);
        Tensor attended = _attention.Forward(context, normed);
        if (!_config.ParallelAttention)
        {
            Tensor joined = Join(context, hidden, attended, _config.AttentionDropout);
            return Join(context, joined, _mlp.Forward(context, _mlpNorm!.Forward(context, joined)), _config.HiddenDropout);
        }

        Tensor mlp = _mlp.Forward(context, _mlpNorm is null ? normed : _mlpNorm.Forward(context, hidden));
        return Join(context, hidden, Op.Add(context.Tape, mlp, attended), _config.HiddenDropout);
    }

    private static Tensor Join(ForwardContext context, Tensor residual, Tensor branch, float dropout)
    {
        if (context.Training)
        {
            branch = Op.Dropout(context.Tape, branch, dropout);
        }

        return Op.Add(context.Tape, residual, branch);
    }
}
