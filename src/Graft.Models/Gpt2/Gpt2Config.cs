using Graft.Tensors;

namespace Graft.Models.Gpt2;

/// <summary>config.json of a GPT-2 model (Hugging Face <c>GPT2Config</c>).</summary>
public sealed class Gpt2Config : ModelConfig
{
    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public Gpt2Config(ConfigReader reader)
        : base(reader, tieWordEmbeddings: true, eosTokenId: 50256)
    {
        HiddenSize = reader.Size("n_embd", "hidden_size");
        LayerCount = reader.SizeOr(12, "n_layer", "num_hidden_layers");
        Heads = reader.SizeOr(12, "n_head", "num_attention_heads");
        HeadSize = HeadDim(HiddenSize, Heads, "n_head");
        Positions = reader.SizeOr(1024, "n_positions", "max_position_embeddings");
        InnerSize = reader.SizeOr(4 * HiddenSize, "n_inner");
        LayerNormEpsilon = (float)reader.Number(1e-5, "layer_norm_epsilon");
        ActivationFunction = reader.Activation("gelu_new", "activation_function");
        ScaleAttention = reader.Flag(true, "scale_attn_weights");
        ScaleByInverseLayerIndex = reader.Flag(false, "scale_attn_by_inverse_layer_idx");
        ResidualDropout = (float)reader.Number(0.1, "resid_pdrop");
        AttentionDropout = (float)reader.Number(0.1, "attn_pdrop");
        EmbeddingDropout = (float)reader.Number(0.1, "embd_pdrop");
    }

    /// <inheritdoc/>
    public override int HiddenSize { get; }

    /// <inheritdoc/>
    public override int LayerCount { get; }

    /// <summary>Number of attention heads.</summary>
    public int Heads { get; }

    /// <summary>Features of a head.</summary>
    public int HeadSize { get; }

    /// <summary>Rows of the position table.</summary>
    public int Positions { get; }

    /// <summary>Features inside the MLP.</summary>
    public int InnerSize { get; }

    /// <summary>Added to the variance in every norm.</summary>
    public float LayerNormEpsilon { get; }

    /// <summary>The MLP's activation.</summary>
    public ActivationKind ActivationFunction { get; }

    /// <summary>Whether scores are divided by the root of the head's size.</summary>
    public bool ScaleAttention { get; }

    /// <summary>Whether scores are divided by the layer's number too, counted from 1.</summary>
    public bool ScaleByInverseLayerIndex { get; }

    /// <summary>Dropout after attention and after the MLP, in training.</summary>
    public float ResidualDropout { get; }

    /// <summary>Dropout of attention's probabilities, in training.</summary>
    public float AttentionDropout { get; }

    /// <summary>Dropout after the embeddings, in training.</summary>
    public float EmbeddingDropout { get; }

    /// <inheritdoc/>
    public override int KeyValueWidth => HiddenSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => Positions;
}
