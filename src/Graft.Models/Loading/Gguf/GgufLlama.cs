using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>Llama and its kin: Mistral and SmolLM go by <c>llama</c> too.</summary>
/// <param name="name">The architecture.</param>
/// <param name="className">The class in Transformers.</param>
/// <param name="permutes">Whether rows of q and k are stored as pairs of what rotary positions turn together.</param>
internal sealed class GgufLlama(string name, string className, bool permutes) : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string ClassName => className;

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; } =
    [
        ("model.embed_tokens.weight", "token_embd.weight"), ("model.norm.weight", "output_norm.weight"), ("lm_head.weight", "output.weight"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<GgufBlocks> Blocks { get; } =
    [
        new("model.layers.", "blk.",
        [
            ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
            ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
            ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
            ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
        ]),
    ];

    /// <inheritdoc/>
    public override int[]? StoredRows(string name, int rows, GgufMetadata metadata)
    {
        bool isQuery = name.Contains(".q_proj.", StringComparison.Ordinal);
        if (!permutes || (!isQuery && !name.Contains(".k_proj.", StringComparison.Ordinal)))
        {
            return null;
        }

        int heads = isQuery ? metadata.Size(Key("attention.head_count")) : KeyValueHeads(metadata);
        int size = rows / heads;
        if (rows % heads != 0 || size % 2 != 0)
        {
            throw metadata.Error($"{name} has {rows} rows, which {heads} heads of an even size do not share out");
        }

        // Stored: of each head the first feature of the first half, the first of the second half, the second of the first, and so on.
        var stored = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            int feature = row % size;
            stored[row] = row - feature + (2 * (feature % (size / 2))) + (feature / (size / 2));
        }

        return stored;
    }

    /// <inheritdoc/>
    protected override void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata)
    {
        int hidden = metadata.Size(Key("embedding_length"));
        int heads = metadata.Size(Key("attention.head_count"));
        json.WriteNumber("hidden_size", hidden);
        json.WriteNumber("intermediate_size", metadata.Size(Key("feed_forward_length")));
        json.WriteNumber("num_hidden_layers", metadata.Size(Key("block_count")));
        json.WriteNumber("num_attention_heads", heads);
        json.WriteNumber("num_key_value_heads", KeyValueHeads(metadata));
        int? headSize = metadata.OptionalInteger(Key("attention.key_length")) ?? metadata.OptionalInteger(Key("rope.dimension_count"));
        json.WriteNumber("head_dim", headSize ?? hidden / heads);
        Copy(json, metadata, "max_position_embeddings", "context_length");
        Copy(json, metadata, "rms_norm_eps", "attention.layer_norm_rms_epsilon");
        json.WriteString("hidden_act", "silu");
        if (Name == "llama")
        {
            json.WriteBoolean("attention_bias", metadata.File.TryGet("blk.0.attn_q.bias", out _));
            json.WriteBoolean("mlp_bias", metadata.File.TryGet("blk.0.ffn_up.bias", out _));
        }

        GgufRotary.Write(json, metadata, Name);
    }

    private int KeyValueHeads(GgufMetadata metadata) => metadata.OptionalInteger(Key("attention.head_count_kv")) ?? metadata.Size(Key("attention.head_count"));
}
