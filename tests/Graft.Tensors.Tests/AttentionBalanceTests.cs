using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>How evenly the parts of causal attention go to workers that take the next one when they are done: counted in pairs of query and key, not timed.</summary>
public sealed class AttentionBalanceTests
{
    // Blocks of queries a worker that even out what they differ by.
    private const int BlocksAWorker = 24;

    [Theory]
    [InlineData(16, 2048)]
    [InlineData(32, 2048)]
    [InlineData(71, 1024)]
    [InlineData(9, 4096)]
    [InlineData(64, 8192)]
    [InlineData(71, 8192)]
    public void Packed_rows_are_balanced_within_five_percent_where_each_worker_has_some_blocks(int heads, int tokens)
    {
        int blocks = heads * ((tokens + TokenBlocks.MaxTokens - 1) / TokenBlocks.MaxTokens);
        for (int workers = 1; workers <= Math.Min(64, blocks / BlocksAWorker); workers++)
        {
            double imbalance = Imbalance(heads, headDim: 64, workers, tokens);
            Assert.True(imbalance <= 1.05, $"{heads} heads, {tokens} tokens, {workers} workers: {imbalance:F3}");
        }
    }

    [Theory]
    [InlineData(9)]
    [InlineData(16)]
    public void Rows_of_unequal_lengths_are_balanced_for_a_few_workers(int heads)
    {
        for (int workers = 1; workers <= 4; workers++)
        {
            Assert.InRange(Imbalance(heads, headDim: 64, workers, 700, 23, 180, 1, 512, 333), 1, 1.05);
        }
    }

    /// <summary>The busiest worker's pairs over the mean, when each claims as <see cref="WorkerPool"/> hands out and takes time in proportion to the pairs.</summary>
    private static double Imbalance(int heads, int headDim, int workers, params int[] lengths)
    {
        var layout = new SequenceLayout();
        foreach (int length in lengths)
        {
            layout.Add(length);
        }

        TokenBlocks blocks = TokenBlocks.Of(layout, layout);
        int parts = heads * blocks.Count;
        int partsPerRun = WorkGrain.PartsPerRun(parts, blocks.Pairs * heads * 2 * headDim);
        int runs = (parts + partsPerRun - 1) / partsPerRun;
        var done = new long[workers];
        int atOnce;
        for (int run = 0; run < runs; run += atOnce)
        {
            atOnce = WorkerPool.PartsAtOnce(runs - run, workers);
            int worker = Array.IndexOf(done, done.Min());
            for (int part = run * partsPerRun; part < Math.Min(parts, (run + atOnce) * partsPerRun); part++)
            {
                TokenBlock block = blocks[part % blocks.Count];
                int end = Math.Min(lengths[block.Sequence], block.First + TokenBlocks.MaxTokens);
                done[worker] += (long)(end - block.First) * end;
            }
        }

        return done.Max() * (double)workers / done.Sum();
    }
}
