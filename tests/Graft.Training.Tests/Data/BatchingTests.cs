using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class BatchingTests
{
    [Fact]
    public void An_epochs_order_is_a_permutation_that_seed_and_epoch_decide()
    {
        int[] order = EpochOrder.Shuffled(1000, 42, 0);

        Assert.Equal(Enumerable.Range(0, 1000), order.Order());
        Assert.Equal(order, EpochOrder.Shuffled(1000, 42, 0));
        Assert.NotEqual(order, EpochOrder.Shuffled(1000, 42, 1));
        Assert.NotEqual(order, EpochOrder.Shuffled(1000, 43, 0));
        Assert.NotEqual(Enumerable.Range(0, 1000), order);
    }

    [Fact]
    public void Every_order_of_three_is_about_equally_likely()
    {
        var counts = new Dictionary<string, int>();
        for (int epoch = 0; epoch < 6000; epoch++)
        {
            string order = string.Concat(EpochOrder.Shuffled(3, 7, epoch));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 880, 1120));
    }

    [Fact]
    public void Any_batch_can_be_asked_for_in_any_order()
    {
        TokenizedSample[] samples = Samples([.. Enumerable.Range(1, 10)]);
        BatchOptions options = new() { PerDeviceTrainBatchSize = 4, Seed = 3 };
        var plan = new BatchPlan(samples, options);
        int[][] expected = [.. Enumerable.Range(0, 2).SelectMany(epoch => Enumerable.Range(0, plan.BatchesIn(epoch)).Select(i => plan.Batch(epoch, i).ToArray()))];

        var resumed = new BatchPlan(samples, options);

        Assert.Equal(expected[5], resumed.Batch(1, 2).ToArray());
        Assert.Equal(expected[1], resumed.Batch(0, 1).ToArray());
        Assert.Equal([4, 4, 2, 4, 4, 2], expected.Select(batch => batch.Length));
        Assert.Equal(Enumerable.Range(0, 10), expected[..3].SelectMany(batch => batch).Order());
        Assert.Throws<ArgumentOutOfRangeException>(() => resumed.Batch(0, 3).Length);
    }

    [Fact]
    public void A_last_small_batch_can_be_dropped()
    {
        Assert.Equal(2, new BatchPlan(Samples([.. Enumerable.Range(1, 10)]), new BatchOptions { PerDeviceTrainBatchSize = 4, DropLast = true }).BatchesIn(0));
        Assert.Equal(2, new BatchPlan(Samples([.. Enumerable.Range(1, 8)]), new BatchOptions { PerDeviceTrainBatchSize = 4, DropLast = true }).BatchesIn(0));
        Assert.Throws<ArgumentException>(() => new BatchPlan(Samples([1]), new BatchOptions { DropLast = true }));
    }

    [Fact]
    public void A_token_limit_closes_batches()
    {
        var plan = new BatchPlan(Samples([3, 3, 3, 6, 1, 1, 1, 1]), new BatchOptions { PerDeviceTrainBatchSize = 3, MaxTokensPerBatch = 6, Shuffle = false });

        Assert.Equal([[0, 1], [2], [3], [4, 5, 6], [7]], Enumerable.Range(0, plan.BatchesIn(0)).Select(i => plan.Batch(0, i).ToArray()));
        string message = Assert.Throws<ArgumentException>(() => new BatchPlan(Samples([3, 7]), new BatchOptions { MaxTokensPerBatch = 6 })).Message;
        Assert.StartsWith("rows:2: 7 tokens", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new BatchPlan(Samples([3]), new BatchOptions { MaxTokensPerBatch = 6, DropLast = true }));
        Assert.Throws<ArgumentException>(() => new BatchPlan(Samples([3]), new BatchOptions { PerDeviceTrainBatchSize = 0 }));
    }

    [Fact]
    public void A_batch_lays_sequences_end_to_end_and_learns_no_first_token()
    {
        RaggedBatch batch = RaggedBatch.Of(Samples([2, 3, 1]), [2, 1]);

        Assert.Equal([0, 1, 4], batch.Offsets);
        Assert.Equal([2, 1, 101, 201], batch.InputIds);
        Assert.Equal([-100, -100, 101, 201], batch.Labels);
        Assert.Equal((2, 4, 2), (batch.Count, batch.Tokens, batch.TrainableTokens));
        Assert.Equal([3, 2], batch.Sources.Select(source => source.Line));
    }

    [Fact]
    public void Best_fit_takes_the_longest_first_and_the_tightest_pack()
    {
        // 7 and 6 open packs with rooms 3 and 4; 4 fills the second; 3 the first; of the two packs with room 5 the older takes the 2.
        Assert.Equal(["1:7 5:3", "2:6 3:4", "0:5 6:5", "8:5 7:2"], Names(SequencePacking.BestFitDecreasing([5, 7, 6, 4, 0, 3, 5, 2, 5], 10)));
        Assert.Equal(["0:6 3:4", "1:6 4:2", "2:6"], Names(SequencePacking.BestFitDecreasing([6, 6, 6, 4, 2], 10)));
        Assert.Equal(["0:4", "1:3"], Names(SequencePacking.BestFitDecreasing([9, 3], 4)));
    }

    [Fact]
    public void Long_samples_can_be_split_or_wrapped()
    {
        Assert.Equal(["0:4", "0+4:4", "1:3 0+8:1"], Names(SequencePacking.BestFitDecreasingSplit([9, 3], 4)));
        Assert.Equal(["0:4", "0+4:4", "0+8:1 1:3", "2:1"], Names(SequencePacking.Wrapped([9, 3, 1], 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => SequencePacking.Wrapped([1], 0));
    }

    [Fact]
    public void Pieces_of_a_pack_are_sequences_of_their_own()
    {
        TokenizedSample[] samples = Samples([5, 2]);

        IReadOnlyList<TokenizedSample> pieces = SequencePacking.Sequences(samples, [new PackedPiece(0, 2, 3), new PackedPiece(1, 0, 2)]);

        Assert.Equal([[200, 300, 400], [1, 101]], pieces.Select(piece => piece.InputIds));
        Assert.Equal(samples[0].Source, pieces[0].Source);
    }

    private static TokenizedSample[] Samples(int[] lengths) =>
    [
        .. lengths.Select((length, i) =>
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(t => (100 * t) + i)];
            return new TokenizedSample(ids, [.. ids], new RowSource("rows", i + 1));
        }),
    ];

    private static IEnumerable<string> Names(IReadOnlyList<IReadOnlyList<PackedPiece>> packs)
        => packs.Select(pack => string.Join(' ', pack.Select(piece => $"{piece.Sample}{(piece.Start > 0 ? $"+{piece.Start}" : string.Empty)}:{piece.Length}")));
}
