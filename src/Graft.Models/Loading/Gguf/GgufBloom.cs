using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>BLOOM.</summary>
internal sealed class GgufBloom : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "bloom";

    /// <inheritdoc/>
    public override string ClassName => "BloomForCausalLM";

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; } =
    [
        ("transformer.word_embeddings.weight", "token_embd.weight"), ("lm_head.weight", "output.weight"),
        ("transformer.word_embeddings_layernorm.weight", "token_embd_norm.weight"), ("transformer.word_embeddings_layernorm.bias", "token_embd_norm.bias"),
        ("transformer.ln_f.weight", "output_norm.weight"), ("transformer.ln_f.bias", "output_norm.bias"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<GgufBlocks> Blocks { get; } =
    [
        new("transformer.h.", "blk.",
        [
            ("input_layernorm", "attn_norm"), ("self_attention.query_key_value", "attn_qkv"), ("self_attention.dense", "attn_output"),
            ("post_attention_layernorm", "ffn_norm"), ("mlp.dense_h_to_4h", "ffn_up"), ("mlp.dense_4h_to_h", "ffn_down"),
        ]),
    ];

    /// <inheritdoc/>
    /// <remarks>Stored: all queries, all keys, all values. Wanted: query, key and value of each head.</remarks>
    public override int[]? StoredRows(string name, int rows, GgufMetadata metadata)
    {
        if (!name.Contains(".query_key_value.", StringComparison.Ordinal))
        {
            return null;
        }

        int heads = metadata.Size(Key("attention.head_count"));
        int size = rows / (3 * heads);
        if (rows != 3 * heads * size)
        {
            throw metadata.Error($"{name} has {rows} rows, which queries, keys and values of {heads} heads do not share out");
        }

        var stored = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            (int head, int part, int feature) = (row / (3 * size), row / size % 3, row % size);
            stored[row] = (((part * heads) + head) * size) + feature;
        }

        return stored;
    }

    /// <inheritdoc/>
    protected override void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata)
    {
        json.WriteNumber("hidden_size", metadata.Size(Key("embedding_length")));
        json.WriteNumber("n_layer", metadata.Size(Key("block_count")));
        json.WriteNumber("n_head", metadata.Size(Key("attention.head_count")));
        Copy(json, metadata, "layer_norm_epsilon", "attention.layer_norm_epsilon");
    }
}
