namespace Graft.Models;

/// <summary>What every family's config.json says.</summary>
public abstract class ModelConfig
{
    /// <summary>Reads the common fields; sizes are read by the families, whose spellings differ.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="tieWordEmbeddings">The family's default.</param>
    /// <param name="eosTokenId">The family's default, or null for none.</param>
    protected ModelConfig(ConfigReader reader, bool tieWordEmbeddings, int? eosTokenId)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Reader = reader;
        ModelType = reader.Text(string.Empty, "model_type");
        TieWordEmbeddings = reader.Flag(tieWordEmbeddings, "tie_word_embeddings");
        EosTokenIds = reader.IntegerOrList("eos_token_id");
        if (EosTokenIds.Count == 0 && eosTokenId is int id && !reader.Root.TryGetProperty("eos_token_id", out _))
        {
            EosTokenIds = [id];
        }

        BosTokenId = reader.OptionalInteger("bos_token_id");
        PadTokenId = reader.OptionalInteger("pad_token_id");
        VocabularySize = reader.Size("vocab_size");
        InitializerRange = (float)reader.Number(0.02, "initializer_range");
    }

    /// <summary>The file as it is; saved again with a merged model.</summary>
    public ConfigReader Reader { get; }

    /// <summary>The family's name.</summary>
    public string ModelType { get; }

    /// <summary>Rows of the embedding.</summary>
    public int VocabularySize { get; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings { get; }

    /// <summary>Ids that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; }

    /// <summary>Id that begins a text, if there is one.</summary>
    public int? BosTokenId { get; }

    /// <summary>Id used for padding elsewhere, if there is one.</summary>
    public int? PadTokenId { get; }

    /// <summary>Standard deviation of new weights.</summary>
    public float InitializerRange { get; }

    /// <summary>Features of a hidden row.</summary>
    public abstract int HiddenSize { get; }

    /// <summary>Number of blocks.</summary>
    public abstract int LayerCount { get; }

    /// <summary>Floats of the keys (and of the values) of one token in one layer, for a cache.</summary>
    public abstract int KeyValueWidth { get; }

    /// <summary>Most tokens that a sequence may have, or null when positions are not bounded.</summary>
    public abstract int? MaximumPositions { get; }

    /// <summary>Checks that heads share out the hidden size.</summary>
    /// <param name="hiddenSize">Features of a hidden row.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headsName">The field's name.</param>
    /// <returns>Features of a head.</returns>
    protected int HeadDim(int hiddenSize, int heads, string headsName)
        => hiddenSize % heads == 0
            ? hiddenSize / heads
            : throw Reader.Error($"hidden_size {hiddenSize} is not a multiple of {headsName} {heads}");
}
