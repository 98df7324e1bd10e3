namespace Graft.Models;

/// <summary>What config.json says of an encoder-decoder. <see cref="ModelConfig.LayerCount"/> and the cache's widths are those of the decoder.</summary>
public abstract class Seq2SeqConfig : ModelConfig
{
    private readonly int? _decoderStartTokenId;

    /// <summary>Reads the common fields.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="tieWordEmbeddings">The family's default.</param>
    /// <param name="eosTokenId">The family's default, or null for none.</param>
    protected Seq2SeqConfig(ConfigReader reader, bool tieWordEmbeddings, int? eosTokenId)
        : base(reader, tieWordEmbeddings, eosTokenId)
        => _decoderStartTokenId = reader.OptionalInteger("decoder_start_token_id");

    /// <summary>Id that the decoder's text begins with: <c>decoder_start_token_id</c>, else the padding token.</summary>
    /// <exception cref="InvalidDataException">config.json has neither.</exception>
    public int DecoderStartTokenId => _decoderStartTokenId ?? PadTokenId
        ?? throw Reader.Error("decoder_start_token_id and pad_token_id are both missing: what does the decoder's text begin with?");

    /// <summary>Number of blocks of the encoder.</summary>
    public abstract int EncoderLayerCount { get; }

    /// <summary>What the decoder reads to predict <paramref name="labels"/>: them, one place later, after the start token.</summary>
    /// <param name="labels">The text to write; -100, which is not learnt, is read as the padding token.</param>
    public virtual int[] DecoderInputs(ReadOnlySpan<int> labels)
    {
        var inputs = new int[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            inputs[i] = i == 0 ? DecoderStartTokenId : labels[i - 1] >= 0 ? labels[i - 1] : PadTokenId ?? DecoderStartTokenId;
        }

        return inputs;
    }
}
