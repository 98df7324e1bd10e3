namespace Graft.Models;

/// <summary>What config.json says of an encoder-decoder. <see cref="ModelConfig.LayerCount"/> and the cache's widths are those of the decoder.</summary>
public abstract class Seq2SeqConfig : ModelConfig
{
    /// <summary>Reads the common fields.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="tieWordEmbeddings">The family's default.</param>
    /// <param name="eosTokenId">The family's default, or null for none.</param>
    protected Seq2SeqConfig(ConfigReader reader, bool tieWordEmbeddings, int? eosTokenId)
        : base(reader, tieWordEmbeddings, eosTokenId)
        => DecoderStartTokenId = reader.OptionalInteger("decoder_start_token_id");

    /// <summary>Id that the decoder's text begins with; null when the file does not say.</summary>
    public int? DecoderStartTokenId { get; }

    /// <summary>Number of blocks of the encoder.</summary>
    public abstract int EncoderLayerCount { get; }
}
