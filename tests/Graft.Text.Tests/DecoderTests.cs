using Graft.Text.Training;

namespace Graft.Text.Tests;

public sealed class DecoderTests
{
    [Theory]
    [InlineData("{\"type\":\"ByteFallback\"}", "a|<0xF0>|<0x9F>|<0x98>|<0x80>", "a😀")]
    [InlineData("{\"type\":\"ByteFallback\"}", "<0xF0>|<0x9F>|<0x98>|<0x80>|<0xFF>", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD")]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\"}", "▁a|▁b", "a b")]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"never\"}", "▁a|▁b", " a b")]
    [InlineData("{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}", "do|##es|n't|.", "doesn't.")]
    [InlineData("{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":false}", "a|.", "a .")]
    [InlineData("{\"type\":\"CTC\",\"pad_token\":\"_\",\"word_delimiter_token\":\"|\",\"cleanup\":true}", "a|a|_|a", "aa")]
    [InlineData("{\"type\":\"BPEDecoder\",\"suffix\":\"</w>\"}", "a</w>|b</w>", "a b")]
    [InlineData("{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":1}", "  a  ", " a ")]
    [InlineData("{\"type\":\"Fuse\"}", "a|b", "ab")]
    [InlineData("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[aeiou]+\"},\"content\":\"*\"}", "beauty", "b*ty")]
    [InlineData("{\"type\":\"ByteLevel\"}", "Ġa|ðŁĺĢ|ÿ", " a😀\uFFFD")]
    [InlineData(null, "a|b", "a b")]
    public void Decodes(string? decoder, string tokens, string expected)
    {
        string[] vocabulary = tokens.Split('|');
        Tokenizer tokenizer = SmallTokenizers.Bpe(vocabulary.Distinct().ToArray(), [], decoder: decoder);
        Assert.Equal(expected, tokenizer.Decode(vocabulary.Select(token => tokenizer.TokenToId(token)!.Value).ToArray()));
    }

    [Fact]
    public void Ids_that_do_not_exist_are_skipped()
        => Assert.Equal("a", SmallTokenizers.Bpe(["a"], []).Decode([5, 0, -1, int.MaxValue]));

    [Fact]
    public void Streaming_holds_back_half_a_character()
    {
        Tokenizer tokenizer = BpeTrainer.Train([], new BpeTrainerOptions { VocabularySize = 256 });
        int[] ids = tokenizer.Encode("a😀").Ids;
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal(["a", "", "", "", "😀"], ids.Select(decoder.Push).ToArray());
        decoder.Push(ids[1]);
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("a", decoder.Push(ids[0]));
    }

    [Theory]
    [InlineData("{\"type\":\"ByteLevel\"}")]
    [InlineData("{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}")]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\"}")]
    [InlineData("{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}")]
    [InlineData(null)]
    public void Streaming_gives_what_decoding_at_once_gives(string? decoderJson)
    {
        Tokenizer tokenizer = SmallTokenizers.Bpe(["▁", "▁a", "b", "##c", ".", "<0xC3>", "<0xA9>", "<0x0A>", "Ġ", "Ã", "©", "n't"], [], decoder: decoderJson);
        var random = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            // Bytes of a character come together: half a character in the middle of a run is not final.
            int[] ids = Enumerable.Range(0, random.Next(1, 12)).SelectMany(_ => random.Next(9) switch { 5 => new[] { 5, 6 }, 6 => [7], 8 => [9, 10], var id => [id] }).ToArray();
            var streaming = new StreamingDecoder(tokenizer);
            Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(streaming.Push)) + streaming.Flush());
        }
    }
}
