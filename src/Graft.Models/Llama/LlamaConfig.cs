using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>config.json of a Llama model (Hugging Face <c>LlamaConfig</c>).</summary>
public sealed class LlamaConfig : ModelConfig
{
    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public LlamaConfig(ConfigReader reader)
        : base(reader, tieWordEmbeddings: false, eosTokenId: 2)
    {
        HiddenSize = reader.Size("hidden_size");
        LayerCount = reader.SizeOr(32, "num_hidden_layers");
        Heads = reader.SizeOr(32, "num_attention_heads");
        KeyValueHeads = reader.SizeOr(Heads, "num_key_value_heads");
        if (Heads % KeyValueHeads != 0)
        {
            throw reader.Error($"num_attention_heads {Heads} is not a multiple of num_key_value_heads {KeyValueHeads}");
        }

        HeadSize = reader.Has("head_dim") ? reader.Size("head_dim") : HeadDim(HiddenSize, Heads, "num_attention_heads");
        IntermediateSize = reader.SizeOr(11008, "intermediate_size");
        RmsNormEpsilon = (float)reader.Number(1e-6, "rms_norm_eps");
        Activation = reader.Activation("silu", "hidden_act");
        AttentionBias = reader.Flag(false, "attention_bias");
        MlpBias = reader.Flag(false, "mlp_bias");
        Positions = reader.SizeOr(2048, "max_position_embeddings");
        Rotary = RotaryConfig.Read(reader, HeadSize, defaultTheta: 10000, Positions);
    }

    /// <inheritdoc/>
    public override int HiddenSize { get; }

    /// <inheritdoc/>
    public override int LayerCount { get; }

    /// <summary>Number of query heads.</summary>
    public int Heads { get; }

    /// <summary>Number of key and value heads, each shared by a group of query heads.</summary>
    public int KeyValueHeads { get; }

    /// <summary>Features of a head.</summary>
    public int HeadSize { get; }

    /// <summary>Features inside the MLP.</summary>
    public int IntermediateSize { get; }

    /// <summary>Added to the mean square in every norm.</summary>
    public float RmsNormEpsilon { get; }

    /// <summary>The MLP's activation.</summary>
    public ActivationKind Activation { get; }

    /// <summary>Whether q, k, v and o have biases.</summary>
    public bool AttentionBias { get; }

    /// <summary>Whether gate, up and down have biases.</summary>
    public bool MlpBias { get; }

    /// <summary>Length that the model was made for; longer sequences run, without promise.</summary>
    public int Positions { get; }

    /// <summary>Rotary positions.</summary>
    public RotaryConfig Rotary { get; }

    /// <inheritdoc/>
    public override int KeyValueWidth => KeyValueHeads * HeadSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => Positions;
}
