using Graft.Tensors;

namespace Graft.Models.Bloom;

/// <summary>BLOOM's attention: one fused projection, columns [head][q|k|v][feature], and ALiBi (Press et al. 2021).</summary>
public sealed class BloomAttention : Module
{
    private readonly Linear _queryKeyValue;
    private readonly Linear _dense;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public BloomAttention(BloomConfig config, WeightSource weights, string name, int layer)
        : base(name)
    {
        _queryKeyValue = Add(new Linear(weights, $"{name}.query_key_value", config.HiddenSize, 3 * config.HiddenSize, bias: true));
        _dense = Add(new Linear(weights, $"{name}.dense", config.HiddenSize, config.HiddenSize, bias: true));
        _layer = layer;
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.Heads,
            HeadDim = config.HeadSize,
            ValueHeadDim = config.HeadSize,
            Scale = 1 / MathF.Sqrt(config.HeadSize),
            Alibi = AlibiForm.Standard,
            AlibiSlopes = AlibiSlopes.For(config.Heads),
            Dropout = config.AttentionDropout,
        };
    }

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        Tensor fused = _queryKeyValue.Forward(context, x);
        int size = _settings.HeadDim;
        Tensor attended = context.Attend(
            _layer, fused, new HeadLayout(0, 3 * size), fused, new HeadLayout(size, 3 * size), fused, new HeadLayout(2 * size, 3 * size), _settings);
        return _dense.Forward(context, attended);
    }
}
