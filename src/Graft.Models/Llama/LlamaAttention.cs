using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>Llama's attention: separate projections, rotary positions, key and value heads shared by groups (Ainslie et al. 2023); in some families windows and norms of queries and keys.</summary>
public sealed class LlamaAttention : Module
{
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm? _queryNorm;
    private readonly RmsNorm? _keyNorm;
    private readonly LlamaRotary? _rotary;
    private readonly bool _interleaved;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="rotary">Positions.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public LlamaAttention(LlamaConfig config, WeightSource weights, LlamaRotary rotary, string name, int layer)
        : base(name)
    {
        int queryWidth = config.Heads * config.HeadSize;
        int keyValueWidth = config.KeyValueHeads * config.HeadSize;
        _query = Add(new Linear(weights, $"{name}.q_proj", config.HiddenSize, queryWidth, config.QueryKeyValueBias));
        _key = Add(new Linear(weights, $"{name}.k_proj", config.HiddenSize, keyValueWidth, config.QueryKeyValueBias));
        _value = Add(new Linear(weights, $"{name}.v_proj", config.HiddenSize, keyValueWidth, config.QueryKeyValueBias));
        _output = Add(new Linear(weights, $"{name}.o_proj", queryWidth, config.HiddenSize, config.OutputBias));
        if (config.QueryKeyNorm)
        {
            _queryNorm = Add(new RmsNorm(weights, $"{name}.q_norm", config.HeadSize, config.RmsNormEpsilon));
            _keyNorm = Add(new RmsNorm(weights, $"{name}.k_norm", config.HeadSize, config.RmsNormEpsilon));
        }

        _rotary = config.HasRotary(layer) ? rotary : null;
        _interleaved = config.InterleavedRotary;
        _layer = layer;
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadDim = config.HeadSize,
            ValueHeadDim = config.HeadSize,
            Scale = 1 / MathF.Sqrt(config.HeadSize),
            Window = config.WindowOf(layer),
            Dropout = config.AttentionDropout,
        };
    }

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        var layout = new HeadLayout(0, _settings.HeadDim);
        (Tensor queries, Tensor keys, Tensor values) = Linear.Forward(context, x, _query, _key, _value);
        queries = Position(context, queries, _queryNorm, _settings.Heads, _rotary?.Queries);
        keys = Position(context, keys, _keyNorm, _settings.KeyValueHeads, _rotary?.Keys);
        return _output.Forward(context, context.Attend(_layer, queries, layout, keys, layout, values, layout, _settings));
    }

    private Tensor Position(ForwardContext context, Tensor x, RmsNorm? norm, int heads, RotaryTable? rotary)
    {
        x = norm is null ? x : norm.Forward(context, x, heads);
        return rotary is null ? x : Op.Rotary(context.Tape, x, new HeadLayout(0, _settings.HeadDim), heads, rotary, _interleaved);
    }
}
