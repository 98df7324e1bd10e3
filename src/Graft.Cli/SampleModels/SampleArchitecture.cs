using System.Text.Json;
using Graft.Cli.Quickstart;
using Graft.Models;

namespace Graft.Cli.SampleModels;

/// <summary>Architectures in the smallest size: random models of them train in seconds, to try out a configuration or a test.</summary>
internal static class SampleArchitecture
{
    private const string Tokens = """
        "vocab_size": 512, "unk_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "initializer_range": 0.1
        """;

    private static readonly SortedDictionary<string, string> Configs = new(StringComparer.Ordinal)
    {
        ["bloom"] = $$"""
            { "architectures": ["BloomForCausalLM"], "model_type": "bloom", "hidden_size": 64, "n_layer": 2, "n_head": 4, {{Tokens}} }
            """,
        ["falcon"] = $$"""
            { "architectures": ["FalconForCausalLM"], "model_type": "falcon", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": false, "multi_query": true,
              "parallel_attn": true, "new_decoder_architecture": false, "bias": false, {{Tokens}} }
            """,
        ["gpt2"] = $$"""
            { "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512, {{Tokens}} }
            """,
        ["llama"] = $$"""
            { "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
              "intermediate_size": 128, "max_position_embeddings": 512, {{Tokens}} }
            """,
        ["t5"] = $$"""
            { "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": true, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_decoder_layers": 2,
              "num_heads": 4, "feed_forward_proj": "gated-gelu", "scale_decoder_outputs": false, "decoder_start_token_id": 3, {{Tokens}} }
            """,
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => Configs.Keys;

    /// <summary>The config.json of an architecture; null when there is none of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static ConfigReader? Find(string name) => Configs.TryGetValue(name, out string? config) ? ConfigReader.Parse(Indent(config), name) : null;

    /// <summary>Text to learn a small tokenizer from: the embedded maxims.</summary>
    public static IEnumerable<string> Texts => File.ReadLines(QuickstartAssets.TrainingFile);

    private static string Indent(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            document.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
