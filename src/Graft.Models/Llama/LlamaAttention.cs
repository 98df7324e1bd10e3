using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>Llama's attention: separate projections, rotary positions, key and value heads shared by groups (Ainslie et al. 2023).</summary>
public sealed class LlamaAttention : Module
{
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RotaryTable _rotary;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="rotary">Positions.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public LlamaAttention(LlamaConfig config, WeightSource weights, RotaryTable rotary, string name, int layer)
        : base(name)
    {
        int queryWidth = config.Heads * config.HeadSize;
        int keyValueWidth = config.KeyValueHeads * config.HeadSize;
        _query = Add(new Linear(weights, $"{name}.q_proj", config.HiddenSize, queryWidth, config.AttentionBias));
        _key = Add(new Linear(weights, $"{name}.k_proj", config.HiddenSize, keyValueWidth, config.AttentionBias));
        _value = Add(new Linear(weights, $"{name}.v_proj", config.HiddenSize, keyValueWidth, config.AttentionBias));
        _output = Add(new Linear(weights, $"{name}.o_proj", queryWidth, config.HiddenSize, config.AttentionBias));
        _rotary = rotary;
        _layer = layer;
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadDim = config.HeadSize,
            ValueHeadDim = config.HeadSize,
            Scale = 1 / MathF.Sqrt(config.HeadSize),
        };
    }

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        var layout = new HeadLayout(0, _settings.HeadDim);
        Tensor queries = Op.Rotary(context.Tape, _query.Forward(context, x), layout, _settings.Heads, _rotary, interleaved: false);
        Tensor keys = Op.Rotary(context.Tape, _key.Forward(context, x), layout, _settings.KeyValueHeads, _rotary, interleaved: false);
        Tensor values = _value.Forward(context, x);
        return _output.Forward(context, context.Attend(_layer, queries, layout, keys, layout, values, layout, _settings));
    }
}
