using Graft.Text.Training;

namespace Graft.Text.Tests;

public sealed class TokenBytesTests
{
    [Fact]
    public void Byte_level_tokens_put_together_are_the_text()
    {
        Tokenizer tokenizer = BpeTrainer.Train(["grüne Bäume, grüne Träume"], new BpeTrainerOptions { VocabularySize = 270, SpecialTokens = ["</s>"] });
        var bytes = new TokenBytes(tokenizer);
        const string Text = "grüne Bäume 😀</s> und";
        byte[] joined = [.. tokenizer.Encode(Text).Ids.SelectMany(id => bytes.Of(id).ToArray())];
        Assert.Equal(Text, System.Text.Encoding.UTF8.GetString(joined));
        Assert.Equal("</s>"u8, bytes.Of(0));
    }

    [Fact]
    public void Bytes_that_a_token_falls_back_to_are_bytes()
    {
        Tokenizer tokenizer = SmallTokenizers.Bpe(
            ["a", "b", "c", "d", "e", "f", "▁a", "<0xC3>", "<0xA9>", "é"], [],
            decoder: """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");
        var bytes = new TokenBytes(tokenizer);
        Assert.Equal(" a"u8, bytes.Of(6));
        Assert.Equal([0xC3], bytes.Of(7).ToArray());
        Assert.Equal([0xA9], bytes.Of(8).ToArray());
        Assert.Equal("é"u8, bytes.Of(9));
        Assert.Equal("b"u8, bytes.Of(1));
    }

    [Fact]
    public void Ids_that_do_not_exist_have_no_bytes()
        => Assert.True(new TokenBytes(SmallTokenizers.Bpe(["a"], [])).Of(int.MaxValue).IsEmpty);
}
