using Graft.Text.SentencePieces;
using Xunit;

namespace Graft.Text.Tests;

/// <summary>Folders whose tokenizer is a SentencePiece file alone.</summary>
public sealed class LegacySentencePieceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("graft-sentencepiece-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{ "tokenizer_class": "LlamaTokenizer", "legacy": false }""", "a b", new[] { "<s>", "▁a", "▁", "b" })]
    [InlineData("""{ "tokenizer_class": "LlamaTokenizerFast", "legacy": false }""", "</s>a", new[] { "<s>", "</s>", "a" })]
    [InlineData("""{ "tokenizer_class": "LlamaTokenizer", "legacy": true }""", "</s>a", new[] { "<s>", "</s>", "▁a" })]
    [InlineData("""{ "tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "add_eos_token": true }""", "ba", new[] { "▁", "ba", "</s>" })]
    [InlineData("{}", "é", new[] { "<s>", "▁", "<0xC3>", "<0xA9>" })]
    public void Llama(string config, string text, string[] expected)
    {
        WriteLlama(config);
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Encoding encoding = tokenizer.Encode(text);
        Assert.Equal(expected, encoding.Ids.Select(id => tokenizer.IdToToken(id)!));
        Assert.Equal(text.Replace("</s>", string.Empty, StringComparison.Ordinal), tokenizer.Decode(encoding.Ids).TrimStart());
    }

    [Fact]
    public void T5()
    {
        WriteT5("""{ "tokenizer_class": "T5Tokenizer", "extra_ids": 3 }""");
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        Assert.Equal(9, tokenizer.VocabularySize);
        Assert.Equal(8, tokenizer.TokenToId("<extra_id_0>"));
        Assert.Equal(6, tokenizer.TokenToId("<extra_id_2>"));
        Encoding encoding = tokenizer.Encode("ab <extra_id_1>  a");
        Assert.Equal(["▁a", "b", "<extra_id_1>", "▁a", "</s>"], encoding.Ids.Select(id => tokenizer.IdToToken(id)!));
        Assert.Equal([1, 0], new[] { tokenizer.EosTokenId, tokenizer.PadTokenId });
        Assert.Equal("ab a", tokenizer.Decode(encoding.Ids));
    }

    [Fact]
    public void FilesThatDoNotBelongTogetherAreRefused()
    {
        WriteLlama("""{ "tokenizer_class": "T5Tokenizer" }""");
        Assert.Contains("spiece.model", Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
        File.Move(Path.Combine(_folder, "tokenizer.model"), Path.Combine(_folder, "spiece.model"));
        Assert.Contains("Unigram", Assert.Throws<InvalidDataException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "spiece.model"), "IQ== 0\nIg== 1\n");
        Assert.Contains("no SentencePiece model", Assert.Throws<InvalidDataException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
        WriteT5("""{ "tokenizer_class": "T5Tokenizer", "extra_ids": 2000000000 }""");
        Assert.Contains("extra_ids", Assert.Throws<InvalidDataException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    private void WriteLlama(string config) => Write(
        "tokenizer.model",
        config,
        new SentencePieceOptions { Algorithm = SentencePieceAlgorithm.Bpe, ByteFallback = true, RemoveExtraWhitespaces = false },
        [
            new("<unk>", 0, SentencePieceKind.Unknown), new("<s>", 0, SentencePieceKind.Control), new("</s>", 0, SentencePieceKind.Control),
            .. Enumerable.Range(0, 256).Select(i => new SentencePiece($"<0x{i:X2}>", 0, SentencePieceKind.Byte)),
            new("ba", -1), new("▁a", -2), new("▁", -3), new("a", -4), new("b", -5),
        ]);

    private void WriteT5(string config) => Write(
        "spiece.model",
        config,
        new SentencePieceOptions(),
        [
            new("<pad>", 0, SentencePieceKind.Control), new("</s>", 0, SentencePieceKind.Control), new("<unk>", 0, SentencePieceKind.Unknown), new("▁a", -1), new("▁", -2), new("b", -3),
        ]);

    private void Write(string name, string config, SentencePieceOptions options, SentencePiece[] pieces)
    {
        File.WriteAllBytes(Path.Combine(_folder, name), SentencePieceBytes.File(pieces, options));
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), config);
    }
}
