using Graft.Tensors;

namespace Graft.Models.Falcon;

/// <summary>Falcon's feed-forward part.</summary>
public sealed class FalconMlp : Module
{
    private readonly Linear _up;
    private readonly Linear _down;
    private readonly ActivationKind _activation;

    /// <summary>Builds it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    public FalconMlp(FalconConfig config, WeightSource weights, string name)
        : base(name)
    {
        _up = Add(new Linear(weights, $"{name}.dense_h_to_4h", config.HiddenSize, config.FeedForwardSize, config.Bias));
        _down = Add(new Linear(weights, $"{name}.dense_4h_to_h", config.FeedForwardSize, config.HiddenSize, config.Bias));
        _activation = config.Activation;
    }

    /// <summary>Runs it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
        => _down.Forward(context, Op.Activation(context.Tape, _up.Forward(context, x), _activation));
}
