using Graft.Text.Training;

namespace Graft.Text.Tests;

public sealed class BpeTrainerTests
{
    private static readonly string[] Texts =
    [
        "The cat sat on the mat, and the cat was fat.", "A cat! A mat? That is that; the other cat sat there.", "Ünïcödé naïve café — 你好 😀",
    ];

    [Fact]
    public void Learns_the_most_frequent_pairs_first()
    {
        Tokenizer tokenizer = BpeTrainer.Train(["ab ab ab abc abc"], new BpeTrainerOptions { VocabularySize = 260 });
        Assert.Equal(["ab", "Ġab", "Ġabc"], Enumerable.Range(256, tokenizer.VocabularySize - 256).Select(id => tokenizer.IdToToken(id)!).ToArray());
    }

    [Theory]
    [InlineData(300)]
    [InlineData(290)]
    public void Agrees_with_counting_everything_anew(int size)
    {
        Tokenizer tokenizer = BpeTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = size, MinFrequency = 1 });
        Assert.Equal(
            LearnByDefinition(Texts, size - 256),
            Enumerable.Range(256, size - 256).Select(id => tokenizer.IdToToken(id)!).ToArray());
    }

    [Fact]
    public void Same_texts_give_the_same_bytes_and_the_files_load_again()
    {
        var options = new BpeTrainerOptions
        {
            VocabularySize = 330,
            SpecialTokens = ["<unk>", "<s>", "</s>", "<pad>"],
            SpecialTokenRoles = new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["pad_token"] = "<pad>" },
            IndividualDigits = true,
        };
        string first = Directory.CreateTempSubdirectory("graft").FullName;
        string second = Directory.CreateTempSubdirectory("graft").FullName;
        try
        {
            BpeTrainer.Train(Texts, options).Save(first);
            Tokenizer loaded = Tokenizer.Load(first);
            loaded.Save(second);
            Assert.Equal(File.ReadAllBytes(Path.Combine(first, "tokenizer.json")), File.ReadAllBytes(Path.Combine(second, "tokenizer.json")));
            Assert.Equal((1, 2, 3, null), (loaded.BosTokenId, loaded.EosTokenId, loaded.PadTokenId, loaded.UnkTokenId));
            Assert.Equal(1, loaded.Encode("<s>x").Ids[0]);
            Assert.Equal("x 12", loaded.Decode(loaded.Encode("<s>x 12</s>").Ids));
            BpeTrainer.Train(Texts, options).Save(second);
            Assert.Equal(File.ReadAllBytes(Path.Combine(first, "tokenizer.json")), File.ReadAllBytes(Path.Combine(second, "tokenizer.json")));
        }
        finally
        {
            Directory.Delete(first, recursive: true);
            Directory.Delete(second, recursive: true);
        }
    }

    [Fact]
    public void Stops_when_there_is_nothing_left_to_merge()
        => Assert.Equal(257, BpeTrainer.Train(["aa aa"], new BpeTrainerOptions { VocabularySize = 1000, SplitPattern = "a+" }).VocabularySize);

    [Fact]
    public void Refuses_a_size_without_room()
        => Assert.Contains("no room", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = 255 })).Message);

    [Fact]
    public void Any_text_survives_encoding_and_decoding()
    {
        Tokenizer tokenizer = BpeTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = 400, MinFrequency = 1 });
        var random = new Random(7);
        for (int round = 0; round < 500; round++)
        {
            string text = RandomTexts.Next(random, 40);
            Encoding encoding = tokenizer.Encode(text);
            Assert.Equal(text, tokenizer.Decode(encoding.Ids));
            Assert.All(encoding.Offsets, offset => Assert.True(offset.Start < offset.End));
            Assert.True(encoding.Offsets.Zip(encoding.Offsets.Skip(1)).All(pair => pair.First.Start <= pair.Second.Start && pair.First.End <= pair.Second.End));
        }
    }

    [Fact]
    public void Threads_share_a_tokenizer()
    {
        Tokenizer tokenizer = BpeTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = 400, MinFrequency = 1 });
        var random = new Random(11);
        string[] texts = Enumerable.Range(0, 200).Select(_ => RandomTexts.Next(random, 60)).ToArray();
        int[][] expected = texts.Select(text => tokenizer.Encode(text).Ids).ToArray();
        Parallel.For(0, 2000, i => Assert.Equal(expected[i % texts.Length], tokenizer.Encode(texts[i % texts.Length]).Ids));
    }

    private static string[] LearnByDefinition(string[] texts, int merges)
    {
        Tokenizer bytes = BpeTrainer.Train([], new BpeTrainerOptions { VocabularySize = 256 });
        var words = texts.SelectMany(text => SmallTokenizers.PreTokenize(SmallTokenizers.Split(BpeTrainerOptions.BloomPattern), text))
            .Select(word => bytes.Encode(word).Ids.Select(id => bytes.IdToToken(id)!).ToList()).ToList();
        var order = Enumerable.Range(0, 256).Select(id => bytes.IdToToken(id)!).ToList();
        var learned = new List<string>();
        while (learned.Count < merges)
        {
            (string Left, string Right) best = words.SelectMany(word => word.Zip(word.Skip(1)))
                .GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => order.IndexOf(group.Key.First)).ThenBy(group => order.IndexOf(group.Key.Second))
                .First().Key;
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == best.Left && word[i + 1] == best.Right)
                    {
                        word[i] += word[i + 1];
                        word.RemoveAt(i + 1);
                    }
                }
            }

            learned.Add(best.Left + best.Right);
            order.Add(best.Left + best.Right);
        }

        return learned.ToArray();
    }
}
