using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>T5's attention of a stack to its own tokens: scores are not scaled, and have a bias for each head and distance.</summary>
public sealed class T5SelfAttention : Module
{
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RelativePositionTable? _table;
    private readonly bool _hasOwnBias;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the self-attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="isDecoder">Whether tokens see only those before them.</param>
    public T5SelfAttention(T5Config config, WeightSource weights, string name, int layer, bool isDecoder)
        : base(name)
    {
        int width = config.KeyValueWidth;
        _query = Add(new Linear(weights, $"{name}.q", config.HiddenSize, width, bias: false));
        _key = Add(new Linear(weights, $"{name}.k", config.HiddenSize, width, bias: false));
        _value = Add(new Linear(weights, $"{name}.v", config.HiddenSize, width, bias: false));
        _output = Add(new Linear(weights, $"{name}.o", width, config.HiddenSize, bias: false));
        _hasOwnBias = config.BiasInEveryLayer;
        if (_hasOwnBias || layer == 0)
        {
            RelativeBuckets buckets = isDecoder ? config.DecoderBuckets : config.EncoderBuckets;
            _table = Add(new RelativePositionTable(weights, $"{name}.relative_attention_bias", buckets, config.Heads));
        }

        _layer = layer;
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.Heads,
            HeadDim = config.KeyValueSize,
            ValueHeadDim = config.KeyValueSize,
            Scale = 1,
            Causal = isDecoder,
            Dropout = config.Dropout,
        };
    }

    /// <summary>This layer's biases, spread over the distances that occur in the context.</summary>
    /// <param name="context">The forward pass.</param>
    public RelativeBias SpreadBias(ForwardContext context) => _table!.Forward(context);

    /// <summary>Attends.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        var heads = new HeadLayout(0, _settings.HeadDim);
        RelativeBias bias = _hasOwnBias ? SpreadBias(context) : context.RelativeBias;
        (Tensor queries, Tensor keys, Tensor values) = Linear.Forward(context, x, _query, _key, _value);
        return _output.Forward(context, context.Attend(_layer, queries, heads, keys, heads, values, heads, _settings, bias));
    }
}
