using Graft.Tensors;

namespace Graft.Models.Gpt2;

/// <summary>One GPT-2 layer: norm, attention, residual, norm, MLP, residual.</summary>
public sealed class Gpt2Block : TransformerBlock
{
    private readonly LayerNorm _norm1;
    private readonly Gpt2Attention _attention;
    private readonly LayerNorm _norm2;
    private readonly Gpt2Mlp _mlp;
    private readonly float _dropout;

    /// <summary>Builds layer <paramref name="index"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="index">Number of the layer.</param>
    public Gpt2Block(Gpt2Config config, WeightSource weights, int index)
        : base($"transformer.h.{index}", index)
    {
        _norm1 = Add(new LayerNorm(weights, $"{Name}.ln_1", config.HiddenSize, config.LayerNormEpsilon));
        _attention = Add(new Gpt2Attention(config, weights, $"{Name}.attn", index));
        _norm2 = Add(new LayerNorm(weights, $"{Name}.ln_2", config.HiddenSize, config.LayerNormEpsilon));
        _mlp = Add(new Gpt2Mlp(config, weights, $"{Name}.mlp"));
        _dropout = config.ResidualDropout;
    }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context, Tensor hidden)
    {
        Tensor attended = Join(context, hidden, _attention.Forward(context, _norm1.Forward(context, hidden)));
        return Join(context, attended, _mlp.Forward(context, _norm2.Forward(context, attended)));
    }

    private Tensor Join(ForwardContext context, Tensor residual, Tensor branch)
    {
        if (context.Training)
        {
            branch = Op.Dropout(context.Tape, branch, _dropout);
        }

        return Op.Add(context.Tape, residual, branch);
    }
}
