using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>T5's encoder or decoder.</summary>
public sealed class T5Stack : Module
{
    private readonly T5Config _config;
    private readonly Embedding _embedding;
    private readonly T5Block[] _blocks;
    private readonly RmsNorm _finalNorm;

    /// <summary>Builds one of the two.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="embedding">The token embedding, which both share.</param>
    /// <param name="isDecoder">Which of the two.</param>
    public T5Stack(T5Config config, WeightSource weights, Embedding embedding, bool isDecoder)
        : base(isDecoder ? "decoder" : "encoder")
    {
        _config = config;
        _embedding = embedding;
        int layers = isDecoder ? config.LayerCount : config.EncoderLayerCount;
        _blocks = [.. Enumerable.Range(0, layers).Select(index => Add(new T5Block(config, weights, $"{Name}.block.{index}", index, isDecoder)))];
        _finalNorm = Add(new RmsNorm(weights, $"{Name}.final_layer_norm", config.HiddenSize, config.RmsNormEpsilon));
    }

    /// <summary>Runs the stack over the context's tokens.</summary>
    /// <param name="context">The forward pass: the encoder's own, or the decoder's with the encoded source.</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Forward(ForwardContext context)
    {
        Tensor hidden = T5Block.Drop(context, _embedding.Forward(context), _config.Dropout);
        context.RelativeBias = _config.BiasInEveryLayer ? default : _blocks[0].SelfAttention.SpreadBias(context);
        return T5Block.Drop(context, _finalNorm.Forward(context, context.Run(_blocks, hidden)), _config.Dropout);
    }

    /// <summary>Puts each block's keys and values of the encoded sources into the source cache.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="encoded">[source tokens, hidden].</param>
    public void CacheEncoded(ForwardContext context, Tensor encoded)
    {
        foreach (T5Block block in _blocks)
        {
            block.CrossAttention!.CacheEncoded(context, encoded);
        }
    }
}
