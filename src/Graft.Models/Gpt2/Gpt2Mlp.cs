using Graft.Tensors;

namespace Graft.Models.Gpt2;

/// <summary>GPT-2's feed-forward part.</summary>
public sealed class Gpt2Mlp : Module
{
    private readonly Linear _up;
    private readonly Linear _down;
    private readonly ActivationKind _activation;

    /// <summary>Builds it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    public Gpt2Mlp(Gpt2Config config, WeightSource weights, string name)
        : base(name)
    {
        _up = Add(new Linear(weights, $"{name}.c_fc", config.HiddenSize, config.InnerSize, bias: true, LinearLayout.InOut));
        _down = Add(new Linear(weights, $"{name}.c_proj", config.InnerSize, config.HiddenSize, bias: true, LinearLayout.InOut));
        _activation = config.ActivationFunction;
    }

    /// <summary>Runs it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
        => _down.Forward(context, Op.Activation(context.Tape, _up.Forward(context, x), _activation));
}
