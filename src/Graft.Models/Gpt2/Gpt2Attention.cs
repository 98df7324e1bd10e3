using Graft.Tensors;

namespace Graft.Models.Gpt2;

/// <summary>GPT-2's attention: one fused projection, columns [q|k|v][head][feature].</summary>
public sealed class Gpt2Attention : Module
{
    private readonly Linear _fused;
    private readonly Linear _project;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public Gpt2Attention(Gpt2Config config, WeightSource weights, string name, int layer)
        : base(name)
    {
        _fused = Add(new Linear(weights, $"{name}.c_attn", config.HiddenSize, 3 * config.HiddenSize, bias: true, LinearLayout.InOut));
        _project = Add(new Linear(weights, $"{name}.c_proj", config.HiddenSize, config.HiddenSize, bias: true, LinearLayout.InOut));
        _layer = layer;
        float scale = config.ScaleAttention ? 1 / MathF.Sqrt(config.HeadSize) : 1;
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.Heads,
            HeadDim = config.HeadSize,
            ValueHeadDim = config.HeadSize,
            Scale = config.ScaleByInverseLayerIndex ? scale / (layer + 1) : scale,
            Dropout = config.AttentionDropout,
        };
    }

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        Tensor fused = _fused.Forward(context, x);
        int size = _settings.HeadDim;
        int hidden = _settings.Heads * size;
        Tensor attended = context.Attend(
            _layer, fused, new HeadLayout(0, size), fused, new HeadLayout(hidden, size), fused, new HeadLayout(2 * hidden, size), _settings);
        return _project.Forward(context, attended);
    }
}
