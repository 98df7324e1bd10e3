using System.Text.Json;
using Graft.Models.Tests.Loading;
using Graft.Tensors;

namespace Graft.Cli.Tests.Gguf;

/// <summary>A small Llama with random weights as a GGUF file, with the tokenizer of a model folder.</summary>
internal static class TinyGguf
{
    private const int Hidden = 32;
    private const int FeedForward = 64;

    /// <summary>Writes one: matrices in Q4_1, the embedding in Q8_0, norms in fp32.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizerFolder">Folder with a tokenizer.json of byte-level BPE.</param>
    public static string Write(string path, string tokenizerFolder)
    {
        using JsonDocument tokenizer = JsonDocument.Parse(File.ReadAllText(Path.Combine(tokenizerFolder, "tokenizer.json")));
        JsonElement model = tokenizer.RootElement.GetProperty("model");
        string[] tokens = [.. model.GetProperty("vocab").EnumerateObject().OrderBy(token => token.Value.GetInt32()).Select(token => token.Name)];
        string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(pair => $"{pair[0].GetString()} {pair[1].GetString()}")];
        int special = tokenizer.RootElement.GetProperty("added_tokens").GetArrayLength();
        SmallGguf file = new SmallGguf("llama").Number("embedding_length", Hidden).Number("block_count", 2).Number("attention.head_count", 4).Number("attention.head_count_kv", 2)
            .Number("context_length", 256).Number("feed_forward_length", FeedForward).Fraction("attention.layer_norm_rms_epsilon", 1e-5f)
            .Vocabulary(tokens, merges, special, eos: 2);
        file.Blocks("token_embd.weight", 8, "Q8_0", [tokens.Length, Hidden], Random("embedding", tokens.Length * Hidden));
        file.Tensor("output_norm.weight", [Hidden], Ones());
        for (int block = 0; block < 2; block++)
        {
            AddBlock(file, $"blk.{block}");
        }

        return file.Write(path);
    }

    private static void AddBlock(SmallGguf file, string block)
    {
        file.Tensor($"{block}.attn_norm.weight", [Hidden], Ones()).Tensor($"{block}.ffn_norm.weight", [Hidden], Ones());
        foreach ((string name, int rows, int columns) in new[]
        {
            ("attn_q", Hidden, Hidden), ("attn_k", Hidden / 2, Hidden), ("attn_v", Hidden / 2, Hidden), ("attn_output", Hidden, Hidden),
            ("ffn_gate", FeedForward, Hidden), ("ffn_up", FeedForward, Hidden), ("ffn_down", Hidden, FeedForward),
        })
        {
            file.Blocks($"{block}.{name}.weight", 3, "Q4_1", [rows, columns], Random(block + name, rows * columns));
        }
    }

    private static float[] Ones() => [.. Enumerable.Repeat(1f, Hidden)];

    private static float[] Random(string name, int count)
    {
        float[] values = new float[count];
        CounterRandom.FillNormal(values, CounterRandom.Derive(11, (ulong)name.Sum(letter => letter * 31)), 0, 0.15f, 0);
        return values;
    }
}
