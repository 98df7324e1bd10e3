using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>T5 and FLAN-T5.</summary>
internal sealed class GgufT5 : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "t5";

    /// <inheritdoc/>
    public override string ClassName => "T5ForConditionalGeneration";

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; } =
    [
        ("shared.weight", "token_embd.weight"), ("lm_head.weight", "output.weight"),
        ("encoder.final_layer_norm.weight", "enc.output_norm.weight"), ("decoder.final_layer_norm.weight", "dec.output_norm.weight"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<GgufBlocks> Blocks { get; } =
    [
        new("encoder.block.", "enc.blk.", [.. Attention("layer.0", "SelfAttention", "attn"), .. FeedForward("layer.1")]),
        new("decoder.block.", "dec.blk.", [.. Attention("layer.0", "SelfAttention", "attn"), .. Attention("layer.1", "EncDecAttention", "cross_attn"), .. FeedForward("layer.2")]),
    ];

    /// <inheritdoc/>
    protected override void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata)
    {
        int layers = metadata.Size(Key("block_count"));
        json.WriteBoolean("is_encoder_decoder", true);
        json.WriteNumber("d_model", metadata.Size(Key("embedding_length")));
        json.WriteNumber("num_layers", layers);
        json.WriteNumber("num_decoder_layers", metadata.OptionalInteger(Key("decoder_block_count")) ?? layers);
        json.WriteNumber("num_heads", metadata.Size(Key("attention.head_count")));
        json.WriteNumber("d_kv", metadata.Size(Key("attention.key_length")));
        json.WriteNumber("d_ff", metadata.Size(Key("feed_forward_length")));
        json.WriteNumber("decoder_start_token_id", metadata.OptionalInteger(Key("decoder_start_token_id")) ?? 0);

        // A gate means T5 1.1 or FLAN-T5, whose activation is the tanh GELU.
        json.WriteString("feed_forward_proj", metadata.File.TryGet("enc.blk.0.ffn_gate.weight", out _) ? "gated-gelu" : "relu");
        Copy(json, metadata, "relative_attention_num_buckets", "attention.relative_buckets_count");
        Copy(json, metadata, "n_positions", "context_length");
        Copy(json, metadata, "layer_norm_epsilon", "attention.layer_norm_epsilon");
        Copy(json, metadata, "layer_norm_epsilon", "attention.layer_norm_rms_epsilon");
    }

    private static (string Ours, string Theirs)[] Attention(string layer, string module, string stored) =>
    [
        ($"{layer}.{module}.q", $"{stored}_q"), ($"{layer}.{module}.k", $"{stored}_k"), ($"{layer}.{module}.v", $"{stored}_v"), ($"{layer}.{module}.o", $"{stored}_o"),
        ($"{layer}.{module}.relative_attention_bias", $"{stored}_rel_b"), ($"{layer}.layer_norm", $"{stored}_norm"),
    ];

    private static (string Ours, string Theirs)[] FeedForward(string layer) =>
    [
        ($"{layer}.DenseReluDense.wi", "ffn_up"), ($"{layer}.DenseReluDense.wi_0", "ffn_gate"), ($"{layer}.DenseReluDense.wi_1", "ffn_up"),
        ($"{layer}.DenseReluDense.wo", "ffn_down"), ($"{layer}.layer_norm", "ffn_norm"),
    ];
}
