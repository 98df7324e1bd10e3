using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>T5's feed-forward part: <c>wo(act(wi x))</c>, or gated, <c>wo(act(wi_0 x) * wi_1 x)</c>.</summary>
public sealed class T5FeedForward : Module
{
    private readonly Linear _input;
    private readonly Linear? _gated;
    private readonly Linear _output;
    private readonly ActivationKind _activation;
    private readonly float _dropout;

    /// <summary>Builds it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    public T5FeedForward(T5Config config, WeightSource weights, string name)
        : base(name)
    {
        _input = Add(new Linear(weights, config.IsGated ? $"{name}.wi_0" : $"{name}.wi", config.HiddenSize, config.FeedForwardSize, bias: false));
        _gated = config.IsGated ? Add(new Linear(weights, $"{name}.wi_1", config.HiddenSize, config.FeedForwardSize, bias: false)) : null;
        _output = Add(new Linear(weights, $"{name}.wo", config.FeedForwardSize, config.HiddenSize, bias: false));
        _activation = config.Activation;
        _dropout = config.Dropout;
    }

    /// <summary>Runs it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        return _output.Forward(context, T5Block.Drop(context, Inner(context, x), _dropout));
    }

    private Tensor Inner(ForwardContext context, Tensor x)
    {
        if (_gated is null)
        {
            return Op.Activation(context.Tape, _input.Forward(context, x), _activation);
        }

        (Tensor input, Tensor gated) = Linear.Forward(context, x, _input, _gated);
        return Op.GatedActivation(context.Tape, input, gated, _activation);
    }
}
