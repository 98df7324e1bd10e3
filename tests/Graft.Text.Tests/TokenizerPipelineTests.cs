namespace Graft.Text.Tests;

public sealed class TokenizerPipelineTests
{
    private const string Template = """
        {"type":"TemplateProcessing",
         "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
         "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"</s>","type_id":1}}],
         "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}}
        """;

    private const string Whitespace = "{\"type\":\"WhitespaceSplit\"}";

    [Fact]
    public void Templates_frame_texts_and_set_type_ids()
    {
        Tokenizer tokenizer = SmallTokenizers.WordLevel(["?", "<s>", "</s>", "a", "b"], preTokenizer: Whitespace, postProcessor: Template);
        Encoding pair = tokenizer.Encode("a a", "b");
        Assert.Equal([1, 3, 3, 2, 4, 2], pair.Ids);
        Assert.Equal([0, 0, 0, 0, 1, 1], pair.TypeIds);
        Assert.Equal([1, 0, 0, 1, 0, 1], pair.SpecialTokensMask);
        Assert.Equal([(0, 0), (0, 1), (2, 3), (0, 0), (0, 1), (0, 0)], pair.Offsets);
        Assert.Equal([3, 3, 4], tokenizer.Encode("a a", "b", addSpecialTokens: false).Ids);
    }

    [Theory]
    [InlineData(15, 30, 9, 4, 5)]
    [InlineData(15, 30, 40, 15, 25)]
    [InlineData(30, 15, 9, 5, 4)]
    [InlineData(3, 3, 10, 3, 3)]
    public void Longest_first_shares_the_room(int first, int second, int room, int expectedFirst, int expectedSecond)
    {
        Encoding encoding = Words().Encode(Repeat("a", first), Repeat("b", second), false, new Truncation(room));
        Assert.Equal((expectedFirst, expectedSecond), (encoding.Ids.Count(id => id == 3), encoding.Ids.Count(id => id == 4)));
    }

    [Fact]
    public void Windows_overlap_by_the_stride_from_either_end()
    {
        Tokenizer tokenizer = Words();
        Encoding right = tokenizer.Encode("a b a b a", null, false, new Truncation(3, Stride: 1));
        Assert.Equal([3, 4, 3], right.Ids);
        Assert.Equal([3, 4, 3], Assert.Single(right.Overflowing).Ids);
        Encoding left = tokenizer.Encode("a b a b", null, false, new Truncation(3, Direction: TokenDirection.Left));
        Assert.Equal([4, 3, 4], left.Ids);
        Assert.Equal([3], Assert.Single(left.Overflowing).Ids);
    }

    [Fact]
    public void Special_tokens_count_when_truncating()
    {
        Tokenizer tokenizer = Words(Template);
        Assert.Equal([1, 3, 2], tokenizer.Encode("a b a", null, true, new Truncation(3)).Ids);
        Assert.Equal([1, 2], tokenizer.Encode("a b a", null, true, new Truncation(2)).Ids);
        Assert.Equal(5, tokenizer.Encode("a b a", null, true, new Truncation(1)).Length);
    }

    [Fact]
    public void Truncation_that_cannot_be_done_fails()
    {
        Tokenizer tokenizer = Words();
        Assert.Throws<ArgumentException>(() => tokenizer.Encode("a", "b b b", false, new Truncation(2, Strategy: TruncationStrategy.OnlyFirst)));
        Assert.Throws<ArgumentException>(() => tokenizer.Encode("a a a", null, false, new Truncation(2, Strategy: TruncationStrategy.OnlySecond)));
        Assert.Throws<ArgumentException>(() => tokenizer.Encode("a a a", null, false, new Truncation(2, Stride: 2)));
    }

    [Fact]
    public void Padding_fills_to_the_longest_or_a_multiple()
    {
        Tokenizer tokenizer = Words();
        Encoding[] batch = new Padding(9, PadToMultipleOf: 4, Direction: TokenDirection.Left).Apply([tokenizer.Encode("a"), tokenizer.Encode("a b a b a")]);
        Assert.Equal([9, 9, 9, 9, 9, 9, 9, 3], batch[0].Ids);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 1], batch[0].AttentionMask);
        Assert.Equal(8, batch[1].Length);
    }

    [Fact]
    public void Added_tokens_strip_normalize_and_keep_to_whole_words()
    {
        const string Added = """
            [{"id":9,"content":"<M>","lstrip":true,"normalized":false,"special":true},
             {"id":9,"content":"Tok","single_word":true,"normalized":true},
             {"id":9,"content":"b","normalized":false}]
            """;
        Tokenizer tokenizer = SmallTokenizers.WordLevel(["?", "a", "b"], "{\"type\":\"Lowercase\"}", Whitespace, null, Added);
        Assert.Equal(5, tokenizer.VocabularySize);
        Assert.Equal((3, 4, 2), (tokenizer.TokenToId("<M>"), tokenizer.TokenToId("Tok"), tokenizer.TokenToId("b")));
        Encoding encoding = tokenizer.Encode("A \n<M>tOK atok");
        Assert.Equal([1, 3, 4, 0], encoding.Ids);
        Assert.Equal([(0, 1), (1, 6), (6, 9), (10, 14)], encoding.Offsets);
        Assert.Equal("a tok ?", tokenizer.Decode(encoding.Ids));
        Assert.Equal("a <M> tok ?", tokenizer.Decode(encoding.Ids, skipSpecialTokens: false));
    }

    [Fact]
    public void Offsets_count_code_points()
    {
        Encoding encoding = SmallTokenizers.WordLevel(["?"], preTokenizer: Whitespace).Encode("😀 b😀");
        Assert.Equal([(0, 1), (2, 4)], encoding.Offsets);
    }

    [Fact]
    public void Lone_surrogates_count_as_replacement_characters()
        => Assert.Equal([1], SmallTokenizers.WordLevel(["?", "a\uFFFDb"]).Encode("a\uD800b").Ids);

    [Theory]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\"}", "a b", "▁a|▁b")]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\"}", " a", "▁a")]
    [InlineData("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"never\",\"split\":false}", "a b", "a▁b")]
    [InlineData("{\"type\":\"Punctuation\"}", "a$b", "a|$|b")]
    [InlineData("{\"type\":\"Digits\",\"individual_digits\":false}", "a12½", "a|12½")]
    [InlineData("{\"type\":\"Whitespace\"}", "a_b $% c", "a_b|$%|c")]
    [InlineData("{\"type\":\"BertPreTokenizer\"}", "a's b", "a|'|s|b")]
    [InlineData("{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"e\"}", "aebe", "a|b")]
    [InlineData("{\"type\":\"FixedLength\",\"length\":2}", "a😀b", "a😀|b")]
    [InlineData("{\"type\":\"UnicodeScripts\"}", " ab語ア", "ab|語ア")]
    public void Pre_tokenizers_cut(string preTokenizer, string text, string expected)
    {
        string[] pieces = expected.Split('|');
        Tokenizer tokenizer = SmallTokenizers.WordLevel(["?", .. pieces.Distinct()], preTokenizer: preTokenizer);
        Assert.Equal(pieces, tokenizer.Encode(text).Ids.Select(id => tokenizer.IdToToken(id)!).ToArray());
    }

    private static Tokenizer Words(string? postProcessor = null)
        => SmallTokenizers.WordLevel(["?", "<s>", "</s>", "a", "b"], preTokenizer: Whitespace, postProcessor: postProcessor);

    private static string Repeat(string word, int times) => string.Join(' ', Enumerable.Repeat(word, times));
}
