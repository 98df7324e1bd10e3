namespace Graft.Text.Tests;

public sealed class PatternTests
{
    [Theory]
    [InlineData(" ?[^(\\s|[.,!?…])]+", "Hello, (big) world!", "Hello|, (|big|)| world|!")]
    [InlineData("[a-z&&[^aeiou]]+", "banana", "b|a|n|a|n|a")]
    [InlineData("[a-c[x-z]]+", "axbyq", "axby|q")]
    [InlineData("a++b", "aaab", "aaab")]
    [InlineData("a*+ab", "aab", "aab")]
    [InlineData("(?>a|ab)c", "abc", "abc")]
    [InlineData("\\d{1,3}(?=(?:\\d{3})*\\b)", "1234567", "1|234|567")]
    [InlineData("\\d{1,2}+", "12345", "12345")]
    [InlineData("(?<=x)y", "xyzy", "x|y|zy")]
    [InlineData("(?<!x|zz)y", "xyy", "xy|y")]
    [InlineData("\\h+", "beef tea", "beef| t|ea")]
    [InlineData("(?i:'S|it)", "It's iT", "It|'s| |iT")]
    [InlineData("(?i)k", "\u212Aa", "\u212A|a")]
    [InlineData("a(?i)b|c", "aBaC", "aB|aC")]
    [InlineData("^b$", "a\nb\nc", "a\n|b|\nc")]
    [InlineData("(?m:a.b)", "a\nb", "a\nb")]
    [InlineData("\\X", "e\u0301x", "e\u0301|x")]
    [InlineData("[[:alpha:]]+", "ab1é", "ab|1|é")]
    [InlineData("[[:^alpha:]]+", "ab12c", "ab|12|c")]
    [InlineData("\\p{Lu}\\P{Lu}*", "AbcDef", "Abc|Def")]
    [InlineData("\\p{^L}", "a1b", "a|1|b")]
    [InlineData("\\x{1F600}|\\u00e9", "aé😀", "a|é|😀")]
    [InlineData("😀+", "😀😀a", "😀😀|a")]
    [InlineData(".{2,3}?", "abcd", "ab|cd")]
    [InlineData("(?:a|b|)*c", "abac", "abac")]
    [InlineData("x{,2}y", "xxxy", "x|xxy")]
    [InlineData("a{x}", "a{x}", "a{x}")]
    [InlineData("[]a]+", "]ab", "]a|b")]
    [InlineData("(?x) a b # comment", "ab", "ab")]
    public void Matches_like_Oniguruma(string pattern, string text, string expected)
        => Assert.Equal(expected, string.Join('|', SmallTokenizers.PreTokenize(SmallTokenizers.Split(pattern), text)));

    [Theory]
    [InlineData("(a", "not closed")]
    [InlineData("a)", "unmatched")]
    [InlineData("[a", "ends within a bracket class")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData("(a)\\1", "back-references")]
    [InlineData("\\p{Klingon}", "unknown character property 'Klingon'")]
    [InlineData("(?<=a+)b", "bounded")]
    [InlineData("(?:(?:ab){1000}){1000}", "unfold")]
    [InlineData("a{3,1}", "wrong order")]
    public void Refuses_what_it_cannot_do(string pattern, string expected)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SmallTokenizers.PreTokenize(SmallTokenizers.Split(pattern), "a"));
        Assert.Contains(expected, error.Message);
        Assert.Contains("pre_tokenizer.pattern", error.Message);
    }

    [Theory]
    [InlineData("(", ")", 101, "nested more than 100 deep")]
    [InlineData("[^a]", "", 1025, "at most 4096 are read")]
    public void Nesting_and_length_are_bounded(string opening, string closing, int count, string expected)
    {
        string pattern = string.Concat(Enumerable.Repeat(opening, count).Concat(Enumerable.Repeat(closing, count)));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SmallTokenizers.PreTokenize(SmallTokenizers.Split(pattern), "a"));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Exponential_patterns_stop_with_an_error()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SmallTokenizers.PreTokenize(SmallTokenizers.Split("(?:a|a)*b"), new string('a', 60)));
        Assert.Contains("too many steps", error.Message);
    }

    [Theory]
    [InlineData("Removed", false, "a|b")]
    [InlineData("Isolated", false, "a|1|2|b|3")]
    [InlineData("MergedWithPrevious", false, "a1|2|b3")]
    [InlineData("MergedWithNext", false, "a|1|2b|3")]
    [InlineData("Contiguous", false, "a|12|b|3")]
    [InlineData("Removed", true, "1|2|3")]
    [InlineData("MergedWithPrevious", true, "a|1|2b|3")]
    [InlineData("Isolated", true, "a|1|2|b|3")]
    public void Splits_in_five_ways(string behavior, bool invert, string expected)
        => Assert.Equal(expected, string.Join('|', SmallTokenizers.PreTokenize(SmallTokenizers.Split("\\d", behavior, invert), "a12b3")));
}
