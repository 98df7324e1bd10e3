using Graft.Tensors;

namespace Graft.Models.Falcon;

/// <summary>Falcon's attention: one fused projection in one of three layouts, rotary positions or ALiBi rounded to bfloat16.</summary>
public sealed class FalconAttention : Module
{
    private readonly Linear _queryKeyValue;
    private readonly Linear _dense;
    private readonly RotaryTable? _rotary;
    private readonly HeadLayout _queries;
    private readonly HeadLayout _keys;
    private readonly HeadLayout _values;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="rotary">Positions; null for ALiBi.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public FalconAttention(FalconConfig config, WeightSource weights, RotaryTable? rotary, string name, int layer)
        : base(name)
    {
        int width = (config.Heads + (2 * config.KeyValueHeads)) * config.HeadSize;
        _queryKeyValue = Add(new Linear(weights, $"{name}.query_key_value", config.HiddenSize, width, config.Bias));
        _dense = Add(new Linear(weights, $"{name}.dense", config.HiddenSize, config.HiddenSize, config.Bias));
        _rotary = rotary;
        _layer = layer;
        (_queries, _keys, _values) = Layouts(config.Heads / config.KeyValueHeads, config.HeadSize);
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadDim = config.HeadSize,
            ValueHeadDim = config.HeadSize,
            Scale = 1 / MathF.Sqrt(config.HeadSize),
            Alibi = rotary is null ? AlibiForm.Bfloat16BeforeScale : AlibiForm.None,
            AlibiSlopes = rotary is null ? AlibiSlopes.For(config.Heads) : null,

            // transformers drops probabilities in the ALiBi branch alone: the other passes 0 to its fused attention.
            Dropout = rotary is null ? config.AttentionDropout : 0,
        };
    }

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        Tensor fused = _queryKeyValue.Forward(context, x);
        if (_rotary is not null)
        {
            fused = Op.Rotary(context.Tape, fused, _queries, _settings.Heads, _rotary, interleaved: false);
            fused = Op.Rotary(context.Tape, fused, _keys, _settings.KeyValueHeads, _rotary, interleaved: false);
        }

        return _dense.Forward(context, context.Attend(_layer, fused, _queries, fused, _keys, fused, _values, _settings));
    }

    /// <summary>
    /// Columns [group][query heads of the group, key, value]: the new architecture's. With one group it is the multi-query layout,
    /// with groups of one that of BLOOM.
    /// </summary>
    private static (HeadLayout Queries, HeadLayout Keys, HeadLayout Values) Layouts(int groupSize, int headSize)
    {
        int groupWidth = (groupSize + 2) * headSize;
        return (
            new HeadLayout(0, headSize) { HeadsPerGroup = groupSize, GroupStride = groupWidth },
            new HeadLayout(groupSize * headSize, groupWidth),
            new HeadLayout((groupSize + 1) * headSize, groupWidth));
    }
}
