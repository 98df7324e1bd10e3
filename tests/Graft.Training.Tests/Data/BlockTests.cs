using FsCheck;
using FsCheck.Fluent;
using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class BlockTests
{
    [Fact]
    public void Texts_are_joined_and_cut()
    {
        TokenizedDataSet data = Create(["a b c", "d", "e f"], new SampleOptions { BlockSize = 4, MaxLength = 2 });
        int[] all = [.. Create(["a b c", "d", "e f"], new SampleOptions()).Samples.SelectMany(sample => sample.InputIds)];

        Assert.Equal(9, all.Length);
        Assert.Equal([all[..4], all[4..8]], data.Samples.Select(block => block.InputIds));
        Assert.All(data.Samples, block => Assert.Equal(block.InputIds, block.Labels));
        Assert.Equal(["rows:1", "rows:2"], data.Samples.Select(block => block.Source.ToString()));
        Assert.Equal(0, data.Report.TruncatedSamples);
        Assert.Equal(8, data.Statistics.TotalTokens);
    }

    [Fact]
    public void A_rest_is_a_shorter_block_unless_nothing_in_it_is_predicted()
    {
        Assert.Equal([4, 4], Create(["a b c", "d", "e f"], new SampleOptions { BlockSize = 4 }).Samples.Select(block => block.Length));
        Assert.Equal([7, 2], Create(["a b c", "d", "e f"], new SampleOptions { BlockSize = 7 }).Samples.Select(block => block.Length));
        Assert.Equal([9], Create(["a b c", "d", "e f"], new SampleOptions { BlockSize = 100 }).Samples.Select(block => block.Length));
    }

    [Fact]
    public void No_token_is_lost_and_none_changes_its_place()
    {
        var cases = from lengths in Gen.NonEmptyListOf(Gen.Choose(1, 9))
                    from size in Gen.Choose(2, 12)
                    select (lengths, size);
        Prop.ForAll(cases.ToArbitrary(), run =>
        {
            string[] texts = [.. run.lengths.Select((length, row) => string.Join(' ', Enumerable.Range(0, length).Select(word => $"w{(row + word) % 7}")))];
            int[] all = [.. Create(texts, new SampleOptions()).Samples.SelectMany(sample => sample.InputIds)];
            TokenizedDataSet blocks = Create(texts, new SampleOptions { BlockSize = run.size });
            int[] kept = [.. blocks.Samples.SelectMany(block => block.InputIds)];

            Assert.Equal(all[..kept.Length], kept);
            Assert.Equal(all.Length % run.size == 1 ? 1 : 0, all.Length - kept.Length);
            Assert.All(blocks.Samples.SkipLast(1), block => Assert.Equal(run.size, block.Length));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));
    }

    [Fact]
    public void Blocks_are_for_plain_texts()
    {
        IReadOnlyDictionary<string, object?> row = new OrderedDictionary<string, object?> { ["prompt"] = "a b", ["completion"] = " c" };
        ArgumentException e = Assert.Throws<ArgumentException>(() => TokenizedDataSet.Create(DataSet.FromRows([row]), null, new WordEncoder(), new SampleOptions { BlockSize = 4 }));

        Assert.Contains("rows:1", e.Message, StringComparison.Ordinal);
        Assert.Contains("plain texts", e.Message, StringComparison.Ordinal);
        Assert.Contains("at least 2", Assert.Throws<ArgumentException>(() => Create(["a b"], new SampleOptions { BlockSize = 1 })).Message, StringComparison.Ordinal);
    }

    private static TokenizedDataSet Create(IEnumerable<string> texts, SampleOptions options)
        => TokenizedDataSet.Create(DataSet.FromRows(texts.Select(text => (IReadOnlyDictionary<string, object?>)new OrderedDictionary<string, object?> { ["text"] = text })), null, new WordEncoder(), options);
}
