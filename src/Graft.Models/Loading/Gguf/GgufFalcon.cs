using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>Falcon 7B (one key/value head) and 40B (groups of heads, two norms).</summary>
internal sealed class GgufFalcon : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "falcon";

    /// <inheritdoc/>
    public override string ClassName => "FalconForCausalLM";

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; } =
    [
        ("transformer.word_embeddings.weight", "token_embd.weight"), ("lm_head.weight", "output.weight"),
        ("transformer.ln_f.weight", "output_norm.weight"), ("transformer.ln_f.bias", "output_norm.bias"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<GgufBlocks> Blocks { get; } =
    [
        new("transformer.h.", "blk.",
        [
            ("input_layernorm", "attn_norm"), ("ln_mlp", "attn_norm"), ("ln_attn", "attn_norm_2"),
            ("self_attention.query_key_value", "attn_qkv"), ("self_attention.dense", "attn_output"),
            ("mlp.dense_h_to_4h", "ffn_up"), ("mlp.dense_4h_to_h", "ffn_down"),
        ]),
    ];

    /// <inheritdoc/>
    /// <remarks>Stored: all queries, all keys, all values. Wanted: of each group its queries, its key, its value.</remarks>
    public override int[]? StoredRows(string name, int rows, GgufMetadata metadata)
    {
        int heads = metadata.Size(Key("attention.head_count"));
        int groups = Groups(metadata);
        if (groups == 1 || !name.Contains(".query_key_value.", StringComparison.Ordinal))
        {
            return null;
        }

        int size = rows / (heads + (2 * groups));
        if (rows != (heads + (2 * groups)) * size || heads % groups != 0)
        {
            throw metadata.Error($"{name} has {rows} rows, which {heads} heads in {groups} groups do not share out");
        }

        int queries = heads / groups;
        var stored = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            int group = row / ((queries + 2) * size);
            int part = row / size % (queries + 2);
            int head = part < queries ? (group * queries) + part : heads + ((part - queries) * groups) + group;
            stored[row] = (head * size) + (row % size);
        }

        return stored;
    }

    /// <inheritdoc/>
    protected override void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata)
    {
        bool isNew = metadata.File.TryGet("blk.0.attn_norm_2.weight", out _);
        json.WriteNumber("hidden_size", metadata.Size(Key("embedding_length")));
        json.WriteNumber("num_hidden_layers", metadata.Size(Key("block_count")));
        json.WriteNumber("num_attention_heads", metadata.Size(Key("attention.head_count")));
        json.WriteNumber("num_kv_heads", Groups(metadata));
        json.WriteBoolean("multi_query", Groups(metadata) == 1);
        json.WriteBoolean("new_decoder_architecture", isNew);
        json.WriteBoolean("parallel_attn", true);
        json.WriteBoolean("bias", false);
        json.WriteBoolean("alibi", false);
        Copy(json, metadata, "ffn_hidden_size", "feed_forward_length");
        Copy(json, metadata, "max_position_embeddings", "context_length");
        Copy(json, metadata, "layer_norm_epsilon", "attention.layer_norm_epsilon");
        GgufRotary.Write(json, metadata, Name);
    }

    private int Groups(GgufMetadata metadata) => metadata.OptionalInteger(Key("attention.head_count_kv")) ?? 1;
}
