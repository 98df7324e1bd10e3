using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>Llama's feed-forward part: <c>down(act(gate x) * up x)</c> (Shazeer 2020).</summary>
public sealed class LlamaMlp : Module
{
    private readonly Linear _gate;
    private readonly Linear _up;
    private readonly Linear _down;
    private readonly ActivationKind _activation;

    /// <summary>Builds it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    public LlamaMlp(LlamaConfig config, WeightSource weights, string name)
        : base(name)
    {
        _gate = Add(new Linear(weights, $"{name}.gate_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias));
        _up = Add(new Linear(weights, $"{name}.up_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias));
        _down = Add(new Linear(weights, $"{name}.down_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias));
        _activation = config.Activation;
    }

    /// <summary>Runs it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        (Tensor gate, Tensor up) = Linear.Forward(context, x, _gate, _up);
        return _down.Forward(context, Op.GatedActivation(context.Tape, gate, up, _activation));
    }
}
