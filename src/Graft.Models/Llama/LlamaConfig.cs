using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>config.json of a Llama model (Hugging Face <c>LlamaConfig</c>), and of the families that differ from it in a few switches.</summary>
public class LlamaConfig : ModelConfig
{
    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public LlamaConfig(ConfigReader reader)
        : this(reader, new LlamaDefaults())
    {
    }

    /// <summary>Reads what the families share.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="defaults">The family's values of absent fields.</param>
    protected LlamaConfig(ConfigReader reader, LlamaDefaults defaults)
        : base(reader, defaults.TieWordEmbeddings, eosTokenId: 2)
    {
        HiddenSize = reader.Size("hidden_size");
        LayerCount = reader.SizeOr(defaults.Layers, "num_hidden_layers");
        Heads = reader.SizeOr(defaults.Heads, "num_attention_heads");
        KeyValueHeads = reader.SizeOr(reader.Mentions("num_key_value_heads") ? Heads : defaults.KeyValueHeads ?? Heads, "num_key_value_heads");
        if (Heads % KeyValueHeads != 0)
        {
            throw reader.Error($"num_attention_heads {Heads} is not a multiple of num_key_value_heads {KeyValueHeads}");
        }

        HeadSize = reader.Has("head_dim") ? reader.Size("head_dim")
            : !reader.Mentions("head_dim") && defaults.HeadSize is int size ? size
            : HeadDim(HiddenSize, Heads, "num_attention_heads");
        IntermediateSize = reader.SizeOr(defaults.IntermediateSize, "intermediate_size");
        RmsNormEpsilon = (float)reader.Number(defaults.RmsNormEpsilon, "rms_norm_eps");
        Activation = reader.Activation("silu", "hidden_act");
        QueryKeyValueBias = OutputBias = reader.Flag(false, "attention_bias");
        MlpBias = reader.Flag(false, "mlp_bias");
        Positions = reader.SizeOr(defaults.Positions, "max_position_embeddings");
        AttentionDropout = (float)reader.Number(0, "attention_dropout");
        Rotary = RotaryConfig.Read(reader, HeadSize, defaults.RopeTheta, Positions);
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

    /// <summary>Dropout of attention's probabilities, in training.</summary>
    public float AttentionDropout { get; }

    /// <summary>Added to the mean square in every norm.</summary>
    public float RmsNormEpsilon { get; }

    /// <summary>The MLP's activation.</summary>
    public ActivationKind Activation { get; }

    /// <summary>Whether q, k and v have biases.</summary>
    public bool QueryKeyValueBias { get; protected init; }

    /// <summary>Whether o has a bias.</summary>
    public bool OutputBias { get; protected init; }

    /// <summary>Whether gate, up and down have biases.</summary>
    public bool MlpBias { get; protected init; }

    /// <summary>Whether queries and keys are normalised, each head on its own, before they turn (Qwen 3).</summary>
    public bool QueryKeyNorm { get; protected init; }

    /// <summary>Length that the model was made for; longer sequences run, without promise.</summary>
    public int Positions { get; }

    /// <summary>Rotary positions.</summary>
    public RotaryConfig Rotary { get; }

    /// <summary>Whether neighbouring features turn as a pair (ERNIE), rather than those half a head apart.</summary>
    public bool InterleavedRotary { get; protected init; }

    /// <summary>Factor of a query, by its position; null for none (Ministral 3).</summary>
    public Func<int, float>? QueryFactor { get; protected init; }

    /// <inheritdoc/>
    public override int KeyValueWidth => KeyValueHeads * HeadSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => Rotary.IsBounded ? Positions : null;

    /// <summary>How many tokens a token of this layer sees, itself included; 0 for all before it.</summary>
    /// <param name="layer">Number of the layer.</param>
    public virtual int WindowOf(int layer) => 0;

    /// <summary>Whether queries and keys of this layer have rotary positions.</summary>
    /// <param name="layer">Number of the layer.</param>
    public virtual bool HasRotary(int layer) => true;
}
