namespace Graft.Models.Bloom;

/// <summary>config.json of a BLOOM model (Hugging Face <c>BloomConfig</c>).</summary>
public sealed class BloomConfig : ModelConfig
{
    /// <summary>Reads both spellings: <c>n_embed</c> of the original files and <c>hidden_size</c>.</summary>
    /// <param name="reader">The config.json.</param>
    public BloomConfig(ConfigReader reader)
        : base(reader, tieWordEmbeddings: true, eosTokenId: 2)
    {
        HiddenSize = reader.Size("hidden_size", "n_embed");
        LayerCount = reader.SizeOr(2, "n_layer", "num_hidden_layers");
        Heads = reader.SizeOr(8, "n_head", "num_attention_heads");
        HeadSize = HeadDim(HiddenSize, Heads, "n_head");
        LayerNormEpsilon = (float)reader.Number(1e-5, "layer_norm_epsilon");
        ResidualPostLayerNorm = reader.Flag(false, "apply_residual_connection_post_layernorm");
        AttentionDropout = (float)reader.Number(0, "attention_dropout");
        HiddenDropout = (float)reader.Number(0, "hidden_dropout");
    }

    /// <inheritdoc/>
    public override int HiddenSize { get; }

    /// <inheritdoc/>
    public override int LayerCount { get; }

    /// <summary>Number of attention heads.</summary>
    public int Heads { get; }

    /// <summary>Features of a head.</summary>
    public int HeadSize { get; }

    /// <inheritdoc/>
    public override int KeyValueWidth => HiddenSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => null;

    /// <summary>Added to the variance in every norm.</summary>
    public float LayerNormEpsilon { get; }

    /// <summary><c>apply_residual_connection_post_layernorm</c>: both residuals are the norm's output.</summary>
    public bool ResidualPostLayerNorm { get; }

    /// <summary>Dropout of attention's probabilities, in training.</summary>
    public float AttentionDropout { get; }

    /// <summary>Dropout after attention and after the MLP, in training.</summary>
    public float HiddenDropout { get; }
}
