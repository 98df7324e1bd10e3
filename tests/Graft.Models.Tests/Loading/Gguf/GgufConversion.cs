namespace Graft.Models.Tests.Loading;

/// <summary>Small models in the names and the order of rows that llama.cpp has, written down apart from the code under test.</summary>
internal static class GgufConversion
{
    public const string Llama = """
        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
         "intermediate_size": 64, "max_position_embeddings": 40, "attention_bias": true, "rope_theta": 5000.0, "rms_norm_eps": 1e-4}
        """;

    public const string Bloom = """
        {"model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": 61, "hidden_size": 32, "n_layer": 2, "n_head": 4, "layer_norm_epsilon": 1e-4}
        """;

    public const string Gpt2 = """
        {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 61, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 40, "layer_norm_epsilon": 1e-4}
        """;

    public const string Falcon = """
        {"model_type": "falcon", "architectures": ["FalconForCausalLM"], "vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_kv_heads": 2,
         "new_decoder_architecture": true, "parallel_attn": true, "bias": false, "alibi": false, "layer_norm_epsilon": 1e-4, "max_position_embeddings": 40}
        """;

    private static readonly Dictionary<string, string> Names = new()
    {
        ["model.embed_tokens"] = "token_embd",
        ["transformer.word_embeddings"] = "token_embd",
        ["transformer.wte"] = "token_embd",
        ["transformer.word_embeddings_layernorm"] = "token_embd_norm",
        ["transformer.wpe"] = "position_embd",
        ["model.norm"] = "output_norm",
        ["transformer.ln_f"] = "output_norm",
        ["lm_head"] = "output",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["self_attention.query_key_value"] = "attn_qkv",
        ["attn.c_attn"] = "attn_qkv",
        ["self_attention.dense"] = "attn_output",
        ["attn.c_proj"] = "attn_output",
        ["mlp.dense_h_to_4h"] = "ffn_up",
        ["mlp.c_fc"] = "ffn_up",
        ["mlp.dense_4h_to_h"] = "ffn_down",
        ["mlp.c_proj"] = "ffn_down",
        ["input_layernorm"] = "attn_norm",
        ["ln_1"] = "attn_norm",
        ["ln_mlp"] = "attn_norm",
        ["ln_attn"] = "attn_norm_2",
        ["post_attention_layernorm"] = "ffn_norm",
        ["ln_2"] = "ffn_norm",
    };

    /// <summary>All weights of a model, in fp32.</summary>
    /// <param name="model">The model; its matrices become what their blocks stand for.</param>
    /// <param name="config">The text of its config.json.</param>
    /// <param name="blocks">The format of matrices, or null for fp32.</param>
    public static SmallGguf Convert(SmallModel model, string config, (uint Type, string Format)? blocks = null)
    {
        SmallGguf file = Metadata(config);
        foreach (string name in model.Names.ToArray())
        {
            (string stored, int layer) = NameOf(name);
            int[] shape = model.ShapeOf(name);
            bool isTransposed = file.Architecture == "gpt2" && shape.Length == 2 && layer >= 0;
            int[] target = isTransposed ? [shape[1], shape[0]] : shape;
            int[]? order = Order(file.Architecture, name, target[0]);
            float[] values = isTransposed ? Transposed(model[name], shape[0], shape[1]) : [.. model[name]];
            values = order is null ? values : Rows(values, order);
            if (blocks is { } format && shape.Length == 2)
            {
                file.Blocks(stored, format.Type, format.Format, target, values);
                values = order is null ? values : Rows(values, Inverse(order));
                (isTransposed ? Transposed(values, target[0], target[1]) : values).CopyTo(model[name], 0);
            }
            else
            {
                file.Tensor(stored, target, values);
            }
        }

        return file;
    }

    private static SmallGguf Metadata(string config)
    {
        SmallGguf Common(string name) => new SmallGguf(name).Number("embedding_length", 32).Number("block_count", 2).Number("attention.head_count", 4).Number("context_length", 40).Number("feed_forward_length", name == "llama" ? 64 : 128);
        return config switch
        {
            Llama => Common("llama").Number("attention.head_count_kv", 2).Fraction("rope.freq_base", 5000).Fraction("attention.layer_norm_rms_epsilon", 1e-4f),
            Bloom => Common("bloom").Fraction("attention.layer_norm_epsilon", 1e-4f),
            Gpt2 => Common("gpt2").Fraction("attention.layer_norm_epsilon", 1e-4f),
            _ => Common("falcon").Number("attention.head_count_kv", 2).Fraction("attention.layer_norm_epsilon", 1e-4f),
        };
    }

    private static (string Name, int Layer) NameOf(string name)
    {
        string part = name[..name.LastIndexOf('.')], end = name[name.LastIndexOf('.')..];
        if (Names.TryGetValue(part, out string? whole))
        {
            return (whole + end, -1);
        }

        string[] path = part.Split('.');
        return ($"blk.{path[2]}.{Names[string.Join('.', path[3..])]}{end}", int.Parse(path[2]));
    }

    /// <summary>For each stored row the row of the model that it is.</summary>
    private static int[]? Order(string architecture, string name, int rows)
    {
        if (architecture == "llama" && (name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal)))
        {
            // Of each head of 8: features 0, 4, 1, 5, 2, 6, 3, 7.
            return [.. Enumerable.Range(0, rows).Select(row => (row / 8 * 8) + (row % 8 / 2) + (row % 2 * 4))];
        }

        if (!name.Contains("query_key_value", StringComparison.Ordinal))
        {
            return null;
        }

        // Bloom: of 4 heads query, key and value; Falcon: of 2 groups two queries, key and value. Stored are all queries, all keys, all values.
        int[][] heads = architecture == "bloom" ? [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]] : [[0, 1, 4, 5], [2, 6], [3, 7]];
        return [.. heads.SelectMany(part => part).SelectMany(head => Enumerable.Range(head * 8, 8))];
    }

    private static float[] Rows(float[] values, int[] order)
    {
        int width = values.Length / order.Length;
        return [.. order.SelectMany(row => values[(row * width)..((row + 1) * width)])];
    }

    private static int[] Inverse(int[] order) => [.. Enumerable.Range(0, order.Length).Select(row => Array.IndexOf(order, row))];

    private static float[] Transposed(float[] values, int rows, int columns) => [.. Enumerable.Range(0, values.Length).Select(i => values[(i % rows * columns) + (i / rows)])];
}
