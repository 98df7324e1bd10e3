using Graft.Tensors;

namespace Graft.Models.T5;

/// <summary>config.json of a T5, mT5 or UMT5 model (Hugging Face <c>T5Config</c>, <c>MT5Config</c>, <c>UMT5Config</c>).</summary>
public sealed class T5Config : Seq2SeqConfig
{
    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="defaults">The family's values of absent fields, and how it differs.</param>
    public T5Config(ConfigReader reader, T5Defaults defaults)
        : base(reader, tieWordEmbeddings: true, eosTokenId: 1)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        HiddenSize = reader.SizeOr(512, "d_model");
        KeyValueSize = reader.SizeOr(64, "d_kv");
        FeedForwardSize = reader.SizeOr(defaults.FeedForwardSize, "d_ff");
        EncoderLayerCount = reader.SizeOr(defaults.Layers, "num_layers");
        LayerCount = reader.SizeOr(EncoderLayerCount, "num_decoder_layers");
        Heads = reader.SizeOr(defaults.Heads, "num_heads");
        RmsNormEpsilon = (float)reader.Number(1e-6, "layer_norm_epsilon");
        Dropout = (float)reader.Number(0.1, "dropout_rate");
        BiasInEveryLayer = defaults.BiasInEveryLayer;
        ScalesDecoderOutput = defaults.ScalesDecoderOutput && reader.Flag(TieWordEmbeddings, "scale_decoder_outputs");
        (Activation, IsGated) = ReadActivation(reader, defaults.FeedForward);
        (EncoderBuckets, DecoderBuckets) = ReadBuckets(reader);
    }

    /// <inheritdoc/>
    public override int HiddenSize { get; }

    /// <inheritdoc/>
    public override int LayerCount { get; }

    /// <inheritdoc/>
    public override int EncoderLayerCount { get; }

    /// <summary>Features of a head; not the hidden size over the heads.</summary>
    public int KeyValueSize { get; }

    /// <summary>Number of heads.</summary>
    public int Heads { get; }

    /// <summary>Features inside the feed-forward part.</summary>
    public int FeedForwardSize { get; }

    /// <summary>The feed-forward part's activation.</summary>
    public ActivationKind Activation { get; }

    /// <summary>Whether a second projection gates the first (T5 1.1, FLAN-T5, mT5).</summary>
    public bool IsGated { get; }

    /// <summary>Added to the mean square in every norm.</summary>
    public float RmsNormEpsilon { get; }

    /// <summary>Dropout, in training: of embeddings, of attention's probabilities, inside the MLP and before every residual.</summary>
    public float Dropout { get; }

    /// <summary>Whether the decoder's output is divided by the root of the hidden size before the head.</summary>
    public bool ScalesDecoderOutput { get; }

    /// <summary>Whether every layer has relative biases of its own (UMT5); else the first layer of a stack has those of all.</summary>
    public bool BiasInEveryLayer { get; }

    /// <summary>Which distances share a bias in the encoder.</summary>
    public RelativeBuckets EncoderBuckets { get; }

    /// <summary>Which distances share a bias in the decoder.</summary>
    public RelativeBuckets DecoderBuckets { get; }

    /// <inheritdoc/>
    public override int KeyValueWidth => Heads * KeyValueSize;

    /// <inheritdoc/>
    public override int? MaximumPositions => null;

    // "relu", "gated-gelu" ...; the gated GELU is the tanh form, as it was in the original.
    private static (ActivationKind Activation, bool IsGated) ReadActivation(ConfigReader reader, string fallback)
    {
        string text = reader.Text(fallback, "feed_forward_proj");
        bool isGated = text.StartsWith("gated-", StringComparison.Ordinal);
        string name = text == "gated-gelu" ? "gelu_new" : isGated ? text["gated-".Length..] : text;
        try
        {
            return (ActivationKinds.Parse(name), isGated);
        }
        catch (ArgumentException e)
        {
            throw reader.Error($"feed_forward_proj: {e.Message}, each alone or after 'gated-'");
        }
    }

    private static (RelativeBuckets Encoder, RelativeBuckets Decoder) ReadBuckets(ConfigReader reader)
    {
        int count = reader.SizeOr(32, "relative_attention_num_buckets");
        int distance = reader.SizeOr(128, "relative_attention_max_distance");
        try
        {
            return (new RelativeBuckets(count, distance, bidirectional: true), new RelativeBuckets(count, distance, bidirectional: false));
        }
        catch (ArgumentException e)
        {
            throw reader.Error($"relative_attention_num_buckets, relative_attention_max_distance: {e.Message}");
        }
    }
}
