using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>Hugging Face's <c>T5ForConditionalGeneration</c>: RMS norms before each part, relative positions, a head that is tied unless the file has another.</summary>
public sealed class T5Model : Seq2SeqLanguageModel
{
    private readonly T5Config _config;
    private readonly T5Stack _encoder;
    private readonly T5Stack _decoder;

    /// <summary>Builds the model.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="weights">Where the weights come from.</param>
    public T5Model(T5Config config, WeightSource weights)
        : base(config)
    {
        _config = config;
        InputEmbedding = Add(new Embedding(weights, "shared", config.VocabularySize, config.HiddenSize));
        TakeCopies(config, weights);
        _encoder = Add(new T5Stack(config, weights, InputEmbedding, isDecoder: false));
        _decoder = Add(new T5Stack(config, weights, InputEmbedding, isDecoder: true));

        // Whatever config.json says of tying, a head of its own counts if it differs: FLAN-T5 says false, and so do files without any head.
        Head = Add(new Linear("lm_head", weights.TakeHead("lm_head.weight", InputEmbedding.Weight, "shared.weight", tied: true), bias: null));
    }

    /// <inheritdoc/>
    public override Embedding InputEmbedding { get; }

    /// <inheritdoc/>
    public override Linear Head { get; }

    /// <inheritdoc/>
    protected override Tensor EncodeSource(ForwardContext source) => _encoder.Forward(source);

    /// <inheritdoc/>
    protected override void CacheEncoded(ForwardContext context, Tensor encoded) => _decoder.CacheEncoded(context, encoded);

    /// <inheritdoc/>
    protected override Tensor Decode(ForwardContext context)
    {
        Tensor hidden = _decoder.Forward(context);
        return _config.ScalesDecoderOutput ? Op.Scale(context.Tape, hidden, 1 / MathF.Sqrt(_config.HiddenSize)) : hidden;
    }

    /// <summary>Old files hold the embedding once more for each stack.</summary>
    private static void TakeCopies(T5Config config, WeightSource weights)
    {
        foreach (string copy in new[] { "encoder.embed_tokens.weight", "decoder.embed_tokens.weight" })
        {
            if (!weights.Has(copy))
            {
                continue;
            }

            weights.Take(copy, WeightRole.Embedding, [config.VocabularySize, config.HiddenSize]);
            if (!weights.Has("shared.weight") || !weights.AreEqual(copy, "shared.weight"))
            {
                throw new NotSupportedException($"{copy} differs from shared.weight: stacks with embeddings of their own are not supported");
            }
        }
    }
}
