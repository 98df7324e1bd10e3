using Graft.Text.Characters;
using Graft.Text.Normalizers;
using Graft.Text.Pipeline;

namespace Graft.Text.Tests;

public sealed class NormalizerTests
{
    [Theory]
    [InlineData("{\"type\":\"Lowercase\"}", "ΑΣ İ", "ας", "ασ i\u0307")]
    [InlineData("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a*\"},\"content\":\"x\"}", "baac", null, "xbxcx")]
    [InlineData("{\"type\":\"Replace\",\"pattern\":{\"String\":\".\"},\"content\":\"!\"}", "a.b", null, "a!b")]
    [InlineData("{\"type\":\"NFC\"}", "e\u0301 한", null, "é 한")]
    [InlineData("{\"type\":\"NFD\"}", "é 한", null, "e\u0301 \u1112\u1161\u11AB")]
    [InlineData("{\"type\":\"NFKC\"}", "ﬁ ²", null, "fi 2")]
    [InlineData("{\"type\":\"NFD\"}", "a\u0301\u0323", null, "a\u0323\u0301")]
    [InlineData("{\"type\":\"StripAccents\"}", "e\u0301é", null, "eé")]
    [InlineData("{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", " \u00A0a \n", null, "a")]
    [InlineData("{\"type\":\"Nmt\"}", "a\u200Bb\u0007c", null, "a bc")]
    [InlineData("{\"type\":\"Prepend\",\"prepend\":\"▁\"}", "a", null, "▁a")]
    [InlineData("{\"type\":\"Prepend\",\"prepend\":\"▁\"}", "", null, "")]
    [InlineData("{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true}", "É\t語\u000B", null, "e  語 ")]
    public void Normalizes(string normalizer, string text, string? unlike, string expected)
    {
        Tokenizer tokenizer = SmallTokenizers.WordLevel(["<unk>", expected.Length == 0 ? "?" : expected], normalizer);
        Assert.Equal(expected.Length == 0 ? [] : [1], tokenizer.Encode(text).Ids);
        Assert.NotEqual(unlike, expected);
    }

    [Fact]
    public void Offsets_follow_insertions_removals_and_compositions()
    {
        Assert.Equal([(0, 1), (0, 1), (1, 2)], Sources(new PrependNormalizer("▁"), "Hi"));
        Assert.Equal([(0, 1), (2, 3), (3, 4)], Sources(new ReplaceNormalizer(new Patterns.LiteralPattern("bb"), "c"), "abbd"));
        Assert.Equal([(0, 1), (0, 1)], Sources(new NormalFormNormalizer(compose: false, compatibility: false), "é"));
        Assert.Equal([(0, 1), (2, 3)], Sources(new NormalFormNormalizer(compose: true, compatibility: false), "e\u0301x"));
        Assert.Equal([(1, 2)], Sources(new StripNormalizer(left: true, right: true), " a "));
    }

    [Fact]
    public void Decomposing_and_composing_again_gives_the_composed_form()
    {
        var compose = new NormalFormNormalizer(compose: true, compatibility: false);
        var decompose = new NormalFormNormalizer(compose: false, compatibility: false);
        for (int code = 0; code < 0x3000; code++)
        {
            AlignedText text = new(char.ConvertFromUtf32(code).AsMemory(), 0);
            string once = compose.Normalize(text).Characters.ToString();
            Assert.Equal(once, compose.Normalize(decompose.Normalize(text)).Characters.ToString());
        }
    }

    [Fact]
    public void Character_classes_keep_their_Unicode_versions_apart()
    {
        Assert.True(CharacterClasses.Numeric.Contains('½'));
        Assert.False(CharacterClasses.RegexClassWord.Contains('½'));
        Assert.True(CharacterClasses.Punctuation.Contains('$'));
        Assert.False(CharacterClasses.Punctuation.Contains('€'));
        Assert.False(CharacterClasses.WhiteSpace.Contains(0x200B));
        Assert.True(CharacterClasses.WhiteSpace.Contains(0x85));
    }

    private static (int Start, int End)[] Sources(INormalizer normalizer, string text)
    {
        AlignedText normalized = normalizer.Normalize(new AlignedText(text.AsMemory(), 0));
        return Enumerable.Range(0, normalized.Length).Select(i => (normalized.SourceOf(i).Start, normalized.SourceOf(i).End)).ToArray();
    }
}
