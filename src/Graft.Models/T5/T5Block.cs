using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>One T5 layer: self-attention, in the decoder attention over the encoded source, feed-forward; each after a norm and joined to the residual.</summary>
public sealed class T5Block : TransformerBlock
{
    private readonly float _dropout;
    private readonly RmsNorm _selfNorm;
    private readonly RmsNorm? _crossNorm;
    private readonly RmsNorm _feedForwardNorm;
    private readonly T5FeedForward _feedForward;

    /// <summary>Builds layer <paramref name="index"/> of a stack.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path.</param>
    /// <param name="index">Number of the layer.</param>
    /// <param name="isDecoder">Whether the stack is the decoder.</param>
    public T5Block(T5Config config, WeightSource weights, string name, int index, bool isDecoder)
        : base(name, index)
    {
        _dropout = config.Dropout;
        SelfAttention = Add(new T5SelfAttention(config, weights, $"{name}.layer.0.SelfAttention", index, isDecoder));
        _selfNorm = Norm(0);
        if (isDecoder)
        {
            CrossAttention = Add(new T5CrossAttention(config, weights, $"{name}.layer.1.EncDecAttention", index));
            _crossNorm = Norm(1);
        }

        int last = isDecoder ? 2 : 1;
        _feedForward = Add(new T5FeedForward(config, weights, $"{name}.layer.{last}.DenseReluDense"));
        _feedForwardNorm = Norm(last);

        RmsNorm Norm(int layer) => Add(new RmsNorm(weights, $"{name}.layer.{layer}.layer_norm", config.HiddenSize, config.RmsNormEpsilon));
    }

    /// <summary>Attention to the stack's own tokens.</summary>
    public T5SelfAttention SelfAttention { get; }

    /// <summary>Attention to the encoded source; null in the encoder.</summary>
    public T5CrossAttention? CrossAttention { get; }

    /// <inheritdoc/>
    public override Tensor Forward(ForwardContext context, Tensor hidden)
    {
        hidden = Join(context, hidden, SelfAttention.Forward(context, _selfNorm.Forward(context, hidden)));
        if (CrossAttention is not null)
        {
            hidden = Join(context, hidden, CrossAttention.Forward(context, _crossNorm!.Forward(context, hidden)));
        }

        return Join(context, hidden, _feedForward.Forward(context, _feedForwardNorm.Forward(context, hidden)));
    }

    /// <summary>Dropout, in training.</summary>
    internal static Tensor Drop(ForwardContext context, Tensor x, float dropout) => context.Training ? Op.Dropout(context.Tape, x, dropout) : x;

    private Tensor Join(ForwardContext context, Tensor residual, Tensor branch) => Op.Add(context.Tape, residual, Drop(context, branch, _dropout));
}
