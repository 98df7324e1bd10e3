using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>GPT-2. Its matrices are stored [out, in], where Transformers has them the other way round.</summary>
internal sealed class GgufGpt2 : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "gpt2";

    /// <inheritdoc/>
    public override string ClassName => "GPT2LMHeadModel";

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; } =
    [
        ("transformer.wte.weight", "token_embd.weight"), ("transformer.wpe.weight", "position_embd.weight"), ("lm_head.weight", "output.weight"),
        ("transformer.ln_f.weight", "output_norm.weight"), ("transformer.ln_f.bias", "output_norm.bias"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<GgufBlocks> Blocks { get; } =
    [
        new("transformer.h.", "blk.",
        [
            ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
            ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
        ]),
    ];

    /// <inheritdoc/>
    protected override void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata)
    {
        json.WriteNumber("n_embd", metadata.Size(Key("embedding_length")));
        json.WriteNumber("n_layer", metadata.Size(Key("block_count")));
        json.WriteNumber("n_head", metadata.Size(Key("attention.head_count")));
        json.WriteNumber("n_positions", metadata.Size(Key("context_length")));
        Copy(json, metadata, "n_inner", "feed_forward_length");
        Copy(json, metadata, "layer_norm_epsilon", "attention.layer_norm_epsilon");
        json.WriteString("activation_function", "gelu_new");
    }
}
