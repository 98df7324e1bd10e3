using Graft.Tensors;

namespace Graft.Models;

/// <summary>An encoder-decoder: reads a source text, all of it at once, and writes another, token by token.</summary>
/// <remarks>
/// The context's tokens are those of the decoder; <see cref="ForwardContext.Source"/> holds those of the encoder, one source for each
/// sequence. While generating, each source is encoded once and cached (<see cref="CacheSources"/>); steps then decode with the cache.
/// </remarks>
public abstract class Seq2SeqLanguageModel : LanguageModel
{
    private readonly Seq2SeqConfig _config;

    /// <summary>Names no path: it is the root of the module tree.</summary>
    /// <param name="config">What config.json says.</param>
    protected Seq2SeqLanguageModel(Seq2SeqConfig config)
        : base(config)
        => _config = config;

    /// <summary>Id that the decoder's text begins with: <c>decoder_start_token_id</c>, else the padding token.</summary>
    /// <exception cref="InvalidDataException">config.json has neither.</exception>
    public int DecoderStartTokenId => _config.DecoderStartTokenId ?? _config.PadTokenId
        ?? throw _config.Reader.Error("decoder_start_token_id and pad_token_id are both missing: what does the decoder's text begin with?");

    /// <summary>Encodes the sources of the context.</summary>
    /// <param name="context">The forward pass.</param>
    /// <returns>[source tokens, hidden], after the encoder's final norm.</returns>
    public Tensor Encode(ForwardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        ForwardContext source = context.Source ?? throw new ArgumentException("the forward pass has no source texts; add them with AddSource");
        source.Training = context.Training;
        source.GradientCheckpointing = context.GradientCheckpointing;
        return EncodeSource(source);
    }

    /// <summary>Encodes the sources and puts their keys and values into <see cref="ForwardContext.SourceCache"/>, at its slots of the step.</summary>
    /// <param name="context">The forward pass, in inference mode.</param>
    public void CacheSources(ForwardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        KeyValueCache cache = context.SourceCache ?? throw new ArgumentException("the forward pass has no cache for its sources");
        CacheEncoded(context, Encode(context));
        cache.Commit();
    }

    /// <inheritdoc/>
    /// <remarks>With a source cache the sources must be in it; else they are encoded first.</remarks>
    public override Tensor Forward(ForwardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.EncodedSource = context.SourceCache is null ? Encode(context) : null;
        return Decode(context);
    }

    /// <summary>What the decoder reads to predict <paramref name="labels"/>: them, one place later, after the start token.</summary>
    /// <param name="labels">The text to write; -100, which is not learnt, is read as the padding token.</param>
    public virtual int[] DecoderInputs(ReadOnlySpan<int> labels)
    {
        var inputs = new int[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            inputs[i] = i == 0 ? DecoderStartTokenId : labels[i - 1] >= 0 ? labels[i - 1] : _config.PadTokenId ?? DecoderStartTokenId;
        }

        return inputs;
    }

    /// <summary>Runs the encoder.</summary>
    /// <param name="source">The encoder's forward pass, with the source tokens.</param>
    protected abstract Tensor EncodeSource(ForwardContext source);

    /// <summary>Puts the keys and values that each decoder block makes of the encoded sources into the source cache.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="encoded">[source tokens, hidden].</param>
    protected abstract void CacheEncoded(ForwardContext context, Tensor encoded);

    /// <summary>Runs the decoder over <see cref="ForwardContext.EncodedSource"/>, or over the source cache where that is null.</summary>
    /// <param name="context">The forward pass.</param>
    /// <returns>[tokens, hidden], ready for the head.</returns>
    protected abstract Tensor Decode(ForwardContext context);
}
