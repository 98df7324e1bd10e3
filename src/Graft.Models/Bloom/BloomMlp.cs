using Graft.Tensors;

namespace Graft.Models.Bloom;

/// <summary>BLOOM's feed-forward part: four times the hidden size, the tanh form of GELU.</summary>
public sealed class BloomMlp : Module
{
    private readonly Linear _up;
    private readonly Linear _down;

    /// <summary>Builds it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    public BloomMlp(BloomConfig config, WeightSource weights, string name)
        : base(name)
    {
        _up = Add(new Linear(weights, $"{name}.dense_h_to_4h", config.HiddenSize, 4 * config.HiddenSize, bias: true));
        _down = Add(new Linear(weights, $"{name}.dense_4h_to_h", 4 * config.HiddenSize, config.HiddenSize, bias: true));
    }

    /// <summary>Runs it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
        => _down.Forward(context, Op.Activation(context.Tape, _up.Forward(context, x), ActivationKind.GeluTanh));
}
