using Graft.Tensors;

namespace Graft.Models.Falcon;

/// <summary>config.json of a Falcon model (Hugging Face <c>FalconConfig</c>).</summary>
public sealed class FalconConfig : ModelConfig
{
    private readonly int _positions;

    /// <summary>Reads today's spelling and that of the original files (<c>n_embed</c>, <c>n_layer</c>, <c>n_head</c>, <c>n_head_kv</c>).</summary>
    /// <param name="reader">The config.json.</param>
    public FalconConfig(ConfigReader reader)
        : base(reader, tieWordEmbeddings: true, eosTokenId: 11)
    {
        HiddenSize = reader.Size("hidden_size", "n_embed");
        LayerCount = reader.SizeOr(32, "num_hidden_layers", "n_layer");
        Heads = reader.SizeOr(71, "num_attention_heads", "n_head");
        HeadSize = HeadDim(HiddenSize, Heads, "num_attention_heads");
        NewDecoderArchitecture = reader.Flag(false, "new_decoder_architecture");
        bool multiQuery = reader.Flag(true, "multi_query");
        KeyValueHeads = NewDecoderArchitecture ? reader.SizeOr(Heads, "num_kv_heads", "n_head_kv") : multiQuery ? 1 : Heads;
        if (Heads % KeyValueHeads != 0)
        {
            throw reader.Error($"num_attention_heads {Heads} is not a multiple of num_kv_heads {KeyValueHeads}");
        }

        ParallelAttention = reader.Flag(true, "parallel_attn");
        NormsInParallel = ReadNorms(reader);
        FeedForwardSize = reader.SizeOr(checked(4 * HiddenSize), "ffn_hidden_size");
        Activation = reader.Activation("gelu", "activation");
        Bias = reader.Flag(false, "bias");
        LayerNormEpsilon = (float)reader.Number(1e-5, "layer_norm_epsilon");
        HiddenDropout = (float)reader.Number(0, "hidden_dropout");
        AttentionDropout = (float)reader.Number(0, "attention_dropout");
        _positions = reader.SizeOr(2048, "max_position_embeddings");
        Rotary = reader.Flag(false, "alibi") ? null : RotaryConfig.Read(reader, HeadSize, defaultTheta: 10000, _positions);
    }

    /// <inheritdoc/>
    public override int HiddenSize { get; }

    /// <inheritdoc/>
    public override int LayerCount { get; }

    /// <summary>Number of query heads.</summary>
    public int Heads { get; }

    /// <summary>Number of key and value heads: 1 with <c>multi_query</c>, <c>num_kv_heads</c> in the new architecture.</summary>
    public int KeyValueHeads { get; }

    /// <summary>Features of a head.</summary>
    public int HeadSize { get; }

    /// <summary>Falcon 40B, 11B and 180B: grouped heads, attention and MLP always in parallel.</summary>
    public bool NewDecoderArchitecture { get; }

    /// <summary>Whether attention and MLP both read the block's input, and their sum joins the residual.</summary>
    public bool ParallelAttention { get; }

    /// <summary>Norms of a parallel block: 2 when attention and MLP have one each, 1 when they share it.</summary>
    public int NormsInParallel { get; }

    /// <summary>Features inside the MLP.</summary>
    public int FeedForwardSize { get; }

    /// <summary>The MLP's activation.</summary>
    public ActivationKind Activation { get; }

    /// <summary>Whether the four linear layers of a block have biases.</summary>
    public bool Bias { get; }

    /// <summary>Added to the variance in every norm.</summary>
    public float LayerNormEpsilon { get; }

    /// <summary>Dropout before a block's last residual, in training.</summary>
    public float HiddenDropout { get; }

    /// <summary>Dropout, in training: after the attention of a serial block, and of the probabilities with ALiBi.</summary>
    public float AttentionDropout { get; }

    /// <summary>Rotary positions, or null for ALiBi.</summary>
    public RotaryConfig? Rotary { get; }

    /// <inheritdoc/>
    public override int KeyValueWidth => KeyValueHeads * HeadSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => Rotary is { IsBounded: true } ? _positions : null;

    private int ReadNorms(ConfigReader reader)
    {
        if (NewDecoderArchitecture && !ParallelAttention)
        {
            throw reader.Error("parallel_attn is false, but new_decoder_architecture always runs attention and MLP in parallel");
        }

        int norms = reader.SizeOr(NewDecoderArchitecture ? 2 : 1, "num_ln_in_parallel_attn");
        return norms == 1 || (norms == 2 && NewDecoderArchitecture)
            ? norms
            : throw reader.Error($"num_ln_in_parallel_attn must be 1, or 2 with new_decoder_architecture, but is {norms}");
    }
}
