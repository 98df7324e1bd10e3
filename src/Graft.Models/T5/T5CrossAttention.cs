using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>The decoder's attention to the encoded source: like T5's self-attention, without biases.</summary>
public sealed class T5CrossAttention : Module
{
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly HeadLayout _heads;
    private readonly AttentionSettings _settings;
    private readonly int _layer;

    /// <summary>Builds the cross-attention of layer <paramref name="layer"/>.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    /// <param name="layer">Number of the layer.</param>
    public T5CrossAttention(T5Config config, WeightSource weights, string name, int layer)
        : base(name)
    {
        int width = config.KeyValueWidth;
        _query = Add(new Linear(weights, $"{name}.q", config.HiddenSize, width, bias: false));
        _key = Add(new Linear(weights, $"{name}.k", config.HiddenSize, width, bias: false));
        _value = Add(new Linear(weights, $"{name}.v", config.HiddenSize, width, bias: false));
        _output = Add(new Linear(weights, $"{name}.o", width, config.HiddenSize, bias: false));
        _layer = layer;
        _heads = new HeadLayout(0, config.KeyValueSize);
        _settings = new AttentionSettings
        {
            Heads = config.Heads,
            KeyValueHeads = config.Heads,
            HeadDim = config.KeyValueSize,
            ValueHeadDim = config.KeyValueSize,
            Scale = 1,
            Causal = false,
            Dropout = config.Dropout,
        };
    }

    /// <summary>Attends to the context's encoded source, or to what is cached of it.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, hidden].</param>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        Tensor queries = _query.Forward(context, x);
        Tensor attended;
        if (context.EncodedSource is { } encoded)
        {
            Tensor keys = _key.Forward(context.Source!, encoded);
            Tensor values = _value.Forward(context.Source!, encoded);
            attended = Op.Attention(context.Tape, queries, _heads, keys, _heads, values, _heads, _settings, training: context.Training);
        }
        else
        {
            attended = Op.CachedCrossAttention(context.Tape, queries, _heads, _settings, context.SourceCache!, _layer, context.SourceSlots.Span);
        }

        return _output.Forward(context, attended);
    }

    /// <summary>Puts this layer's keys and values of the encoded sources into the source cache.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="encoded">[source tokens, hidden].</param>
    public void CacheEncoded(ForwardContext context, Tensor encoded)
    {
        Tensor keys = _key.Forward(context.Source!, encoded);
        Tensor values = _value.Forward(context.Source!, encoded);
        Op.CacheKeysAndValues(keys, _heads, values, _heads, _settings, context.SourceCache!, _layer);
    }
}
