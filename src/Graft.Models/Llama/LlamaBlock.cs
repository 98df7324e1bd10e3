using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>One Llama layer: norm, attention, residual, norm, gated MLP, residual.</summary>
public sealed class LlamaBlock : TransformerBlock
{
    private readonly RmsNorm _inputNorm;
    private readonly LlamaAttention _attention;
    private readonly RmsNorm _postAttentionNorm;
    private readonly LlamaMlp _mlp;

    /// <summary>Builds layer <paramref name="index"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="rotary">Positions, shared by all layers.</param>
    /// <param name="index">Number of the layer.</param>
    public LlamaBlock(LlamaConfig config, WeightSource weights, LlamaRotary rotary, int index)
        : base($"model.layers.{index}", index)
    {
        _attention = Add(new LlamaAttention(config, weights, rotary, $"{Name}.self_attn", index));
        _mlp = Add(new LlamaMlp(config, weights, $"{Name}.mlp"));
        _inputNorm = Add(new RmsNorm(weights, $"{Name}.input_layernorm", config.HiddenSize, config.RmsNormEpsilon));
        _postAttentionNorm = Add(new RmsNorm(weights, $"{Name}.post_attention_layernorm", config.HiddenSize, config.RmsNormEpsilon));
    }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context, Tensor hidden)
    {
        Tensor attended = Op.Add(context.Tape, hidden, _attention.Forward(context, _inputNorm.Forward(context, hidden)));
        return Op.Add(context.Tape, attended, _mlp.Forward(context, _postAttentionNorm.Forward(context, attended)));
    }
}
