using System.Runtime.InteropServices;
using System.Text.Json;

namespace Graft.Formats.Tests;

/// <summary>The files that a tokenizer is translated to; what they make of texts is for the conformance cases.</summary>
public sealed class GgufTokenizerTests
{
    private static readonly string[] Tokens = ["<unk>", "<s>", "</s>", "a", "b", "ab", "[tool]", "abab"];

    [Fact]
    public void Byte_level_tokenizers_keep_their_merges_and_have_the_splits_of_their_model()
    {
        using var folder = new TemporaryFolder();
        GgufTokenizer files = Read(folder, Common("gpt2").Entry("tokenizer.ggml.pre", 8, GgufBytes.Text("smollm")).Entry("tokenizer.ggml.merges", 9, Texts("a b", "ab ab")));
        using JsonDocument json = JsonDocument.Parse(files.Json);
        JsonElement model = json.RootElement.GetProperty("model");
        Assert.Equal("BPE", model.GetProperty("type").GetString());
        Assert.Equal(["a b", "ab ab"], model.GetProperty("merges").EnumerateArray().Select(merge => merge.GetString()));
        Assert.Equal(5, model.GetProperty("vocab").GetProperty("ab").GetInt32());
        Assert.Equal(["Digits", "ByteLevel"], json.RootElement.GetProperty("pre_tokenizer").GetProperty("pretokenizers").EnumerateArray().Select(part => part.GetProperty("type").GetString()));
        Assert.Equal(
            ["<unk> True", "<s> True", "</s> True", "[tool] False"],
            json.RootElement.GetProperty("added_tokens").EnumerateArray().Select(token => $"{token.GetProperty("content").GetString()} {token.GetProperty("special").GetBoolean()}"));
        using JsonDocument config = JsonDocument.Parse(files.Config);
        Assert.Equal("<s>", config.RootElement.GetProperty("bos_token").GetString());
        Assert.Equal("{{ hi }}", config.RootElement.GetProperty("chat_template").GetString());
        Assert.False(config.RootElement.GetProperty("add_bos_token").GetBoolean());
    }

    [Fact]
    public void SentencePiece_merges_follow_from_the_scores()
    {
        using var folder = new TemporaryFolder();
        GgufTokenizer files = Read(folder, Common("llama").Entry("tokenizer.ggml.scores", 9, Singles(0, 0, 0, -4, -5, -1, 0, -2)));
        using JsonDocument json = JsonDocument.Parse(files.Json);
        Assert.Equal(
            ["a b", "ab ab"],
            json.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray().Select(merge => string.Join(' ', merge.EnumerateArray().Select(part => part.GetString()))));
        using JsonDocument config = JsonDocument.Parse(files.Config);
        Assert.True(config.RootElement.GetProperty("add_bos_token").GetBoolean());
    }

    [Fact]
    public void Unigram_tokenizers_keep_their_scores_and_their_map_of_characters()
    {
        using var folder = new TemporaryFolder();
        GgufTokenizer files = Read(
            folder, Common("t5").Entry("tokenizer.ggml.scores", 9, Singles(0, 0, 0, -4, -5, -1.5f, 0, -2)).Entry("tokenizer.ggml.precompiled_charsmap", 9, GgufBytes.Array(0, 2, 1, 2)));
        using JsonDocument json = JsonDocument.Parse(files.Json);
        Assert.Equal("""["ab",-1.5]""", json.RootElement.GetProperty("model").GetProperty("vocab")[5].GetRawText());
        Assert.Equal("AQI=", json.RootElement.GetProperty("normalizer").GetProperty("normalizers")[0].GetProperty("precompiled_charsmap").GetString());
        using JsonDocument config = JsonDocument.Parse(files.Config);
        Assert.True(config.RootElement.GetProperty("add_eos_token").GetBoolean());
    }

    [Fact]
    public void What_is_missing_or_contradictory_is_refused()
    {
        Refuses<InvalidDataException>("carries no tokenizer", new GgufBytes());
        Refuses<InvalidDataException>("lack tokenizer.ggml.model", new GgufBytes().Entry("tokenizer.ggml.tokens", 9, Texts("a")));
        Refuses<NotSupportedException>("'rwkv' is not supported", Common("rwkv"));
        Refuses<NotSupportedException>("tokenizer.ggml.pre 'new'", Common("gpt2").Entry("tokenizer.ggml.pre", 8, GgufBytes.Text("new")));
        Refuses<InvalidDataException>("lack tokenizer.ggml.merges", Common("gpt2"));
        Refuses<InvalidDataException>("lack tokenizer.ggml.scores", Common("t5"));
        Refuses<InvalidDataException>("8 tokens, but 2 scores", Common("llama").Entry("tokenizer.ggml.scores", 9, Singles(0, 0)));
        Refuses<InvalidDataException>("token 1 has the score NaN", Common("t5").Entry("tokenizer.ggml.scores", 9, Singles(0, float.NaN, 0, 0, 0, 0, 0, 0)));
        Refuses<InvalidDataException>("padding_token_id is 8, but there are 8 tokens", Common("llama").Entry("tokenizer.ggml.padding_token_id", 4, 8, 0, 0, 0));
    }

    private static GgufBytes Common(string model) => new GgufBytes()
        .Entry("tokenizer.ggml.model", 8, GgufBytes.Text(model)).Entry("tokenizer.ggml.tokens", 9, Texts(Tokens))
        .Entry("tokenizer.ggml.token_type", 9, GgufBytes.Array(5, 8, MemoryMarshal.AsBytes<int>([2, 3, 3, 1, 1, 1, 4, 1]).ToArray()))
        .Entry("tokenizer.ggml.bos_token_id", 4, 1, 0, 0, 0).Entry("tokenizer.ggml.eos_token_id", 4, 2, 0, 0, 0).Entry("tokenizer.ggml.unknown_token_id", 4, 0, 0, 0, 0)
        .Entry("tokenizer.chat_template", 8, GgufBytes.Text("{{ hi }}"));

    private static byte[] Texts(params string[] texts) => GgufBytes.Array(8, (ulong)texts.Length, [.. texts.SelectMany(GgufBytes.Text)]);

    private static byte[] Singles(params float[] values) => GgufBytes.Array(6, (ulong)values.Length, MemoryMarshal.AsBytes<float>(values).ToArray());

    private static GgufTokenizer Read(TemporaryFolder folder, GgufBytes bytes)
    {
        using GgufFile file = GgufFile.Open(folder.Write("a.gguf", bytes.ToArray([])));
        return GgufTokenizer.Read(file);
    }

    private static void Refuses<TException>(string message, GgufBytes bytes)
        where TException : Exception
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(message, Assert.Throws<TException>(() => Read(folder, bytes)).Message, StringComparison.Ordinal);
    }
}
