namespace Graft.Text.Tests;

public sealed class BpeModelTests
{
    [Fact]
    public void Merges_lowest_rank_first_then_leftmost()
    {
        Tokenizer tokenizer = SmallTokenizers.Bpe(["a", "b", "ab", "ba", "aba"], ["b a", "a b", "ab a"]);
        Assert.Equal(["a", "ba", "ba"], Tokens(tokenizer, "ababa"));
    }

    [Fact]
    public void Unknown_characters_vanish_without_unk_token_and_their_neighbours_merge()
    {
        Encoding encoding = SmallTokenizers.Bpe(["a", "b", "ab"], ["a b"]).Encode("a語b");
        Assert.Equal([2], encoding.Ids);
        Assert.Equal((0, 2), encoding.Offsets[0]);
    }

    [Theory]
    [InlineData("{\"unk_token\":\"?\"}", "??a")]
    [InlineData("{\"unk_token\":\"?\",\"fuse_unk\":true}", "?a")]
    public void Unknown_characters_fuse_on_request(string options, string expected)
        => Assert.Equal(expected, string.Concat(Tokens(SmallTokenizers.Bpe(["?", "a"], [], options), "語文a")));

    [Fact]
    public void Byte_fallback_spells_a_character_only_if_all_its_bytes_are_there()
    {
        Tokenizer tokenizer = SmallTokenizers.Bpe(["?", "<0xC3>", "<0xA9>"], [], "{\"unk_token\":\"?\",\"byte_fallback\":true}");
        Encoding encoding = tokenizer.Encode("éè");
        Assert.Equal([1, 2, 0], encoding.Ids);
        Assert.Equal([(0, 1), (0, 1), (1, 2)], encoding.Offsets);
    }

    [Fact]
    public void Prefixes_and_suffixes_mark_the_place_in_the_word()
    {
        Assert.Equal(["ab", "##c"], Tokens(SmallTokenizers.Bpe(["a", "##b", "##c", "ab"], ["a ##b"], "{\"continuing_subword_prefix\":\"##\"}"), "abc"));
        Assert.Equal(["a", "b</w>"], Tokens(SmallTokenizers.Bpe(["a", "b", "b</w>"], [], "{\"end_of_word_suffix\":\"</w>\"}"), "ab"));
    }

    [Fact]
    public void Ignore_merges_takes_known_pieces_whole()
    {
        Assert.Equal(["abc"], Tokens(SmallTokenizers.Bpe(["a", "b", "c", "abc"], [], "{\"ignore_merges\":true}"), "abc"));
        Assert.Equal(["a", "b", "c"], Tokens(SmallTokenizers.Bpe(["a", "b", "c", "abc"], []), "abc"));
    }

    [Fact]
    public void Dropout_of_one_never_merges_and_a_smaller_one_is_repeatable()
    {
        Assert.Equal(["a", "b"], Tokens(SmallTokenizers.Bpe(["a", "b", "ab"], ["a b"], "{\"dropout\":1.0}"), "ab"));
        Tokenizer half = SmallTokenizers.Bpe(["a", "b", "ab"], ["a b"], "{\"dropout\":0.5}", preTokenizer: "{\"type\":\"FixedLength\",\"length\":7}");
        var random = new Random(1);
        string text = string.Concat(Enumerable.Range(0, 700).Select(_ => random.Next(2) == 0 ? "a" : "b"));
        string[] tokens = Tokens(half, text);
        Assert.Equal(text, string.Concat(tokens));
        Assert.Contains("ab", tokens);
        Assert.Contains(("a", "b"), tokens.Zip(tokens.Skip(1)).Where((_, i) => tokens.Take(i + 1).Sum(token => token.Length) % 7 != 0));
        Assert.Equal(tokens, Tokens(half, text));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(47)]
    [InlineData(300)]
    public void Every_way_of_merging_agrees_with_the_definition(int length)
    {
        var random = new Random(length);
        for (int round = 0; round < 60; round++)
        {
            (string[] vocabulary, string[] merges) = RandomMerges(random);
            string text = string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(5))));
            string[] expected = MergeByDefinition(text, merges);
            Assert.Equal(expected, Tokens(SmallTokenizers.Bpe(vocabulary, merges), text));
            Assert.Equal(expected, Tokens(SmallTokenizers.Bpe(["?", .. vocabulary], merges, "{\"unk_token\":\"?\"}"), text));
        }
    }

    [Fact]
    public void A_long_word_of_one_letter_takes_no_quadratic_time()
    {
        Tokenizer tokenizer = SmallTokenizers.Bpe(["a", "aa", "aaaa"], ["a a", "aa aa"]);
        Assert.Equal(75_000, tokenizer.Encode(new string('a', 300_000)).Length);
    }

    private static string[] Tokens(Tokenizer tokenizer, string text) => tokenizer.Encode(text).Ids.Select(id => tokenizer.IdToToken(id)!).ToArray();

    /// <summary>Letters a to d are known, e is not merged with anything; 12 random merges.</summary>
    private static (string[] Vocabulary, string[] Merges) RandomMerges(Random random)
    {
        var tokens = new List<string> { "a", "b", "c", "d", "e" };
        var merges = new List<string>();
        while (merges.Count < 12)
        {
            string left = tokens[random.Next(tokens.Count)];
            string right = tokens[random.Next(tokens.Count)];
            string merge = $"{left} {right}";
            if (!left.Contains('e') && !right.Contains('e') && !merges.Contains(merge))
            {
                merges.Add(merge);
                if (!tokens.Contains(left + right))
                {
                    tokens.Add(left + right);
                }
            }
        }

        return (tokens.ToArray(), merges.ToArray());
    }

    private static string[] MergeByDefinition(string text, string[] merges)
    {
        List<string> tokens = text.Select(unit => unit.ToString()).ToList();
        while (true)
        {
            int best = -1;
            int bestRank = int.MaxValue;
            for (int i = 0; i + 1 < tokens.Count; i++)
            {
                int rank = Array.IndexOf(merges, $"{tokens[i]} {tokens[i + 1]}");
                if (rank >= 0 && rank < bestRank)
                {
                    (best, bestRank) = (i, rank);
                }
            }

            if (best < 0)
            {
                return tokens.ToArray();
            }

            tokens[best] += tokens[best + 1];
            tokens.RemoveAt(best + 1);
        }
    }
}
