using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Xunit;

namespace Graft.Tensors.Tests;

public sealed class KeyValueCacheTests : IDisposable
{
    private readonly Isa _isa = InstructionSet.Current;

    public static TheoryData<Isa, string, int> Cases
    {
        get
        {
            var data = new TheoryData<Isa, string, int>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(static isa => isa <= InstructionSet.Best))
            {
                foreach (string variant in new[] { "plain", "grouped", "multi-query", "alibi", "falcon alibi", "window", "soft cap" })
                {
                    data.Add(isa, variant, 5);
                    data.Add(isa, variant, 80);
                }
            }

            return data;
        }
    }

    public void Dispose() => InstructionSet.Current = _isa;

    [Theory]
    [MemberData(nameof(Cases))]
    public void DecodingEqualsFullAttention(Isa isa, string variant, int headDim)
    {
        InstructionSet.Current = isa;
        using AttentionCase full = new AttentionCase(AttentionTests.Settings(variant, headDim, headDim + 3), 150, 75).Run();
        using KeyValueCache cache = NewCache(full.Settings, layers: 2);
        int[] slots = [cache.AddSequence(), cache.AddSequence()];
        int[] done = [0, 0];
        using var tape = new Tape();
        var random = new Random(3);
        while (done[0] < full.Lengths[0])
        {
            // Sequence 1 leaves when it has ended; prompts and single tokens mix.
            int active = done[1] < full.Lengths[1] ? 2 : 1;
            int[] counts = new int[active];
            for (int s = 0; s < active; s++)
            {
                int wanted = done[s] == 0 ? 20 : random.Next(4) == 0 ? 7 : 1;
                counts[s] = Math.Min(full.Lengths[s] - done[s], wanted);
            }

            cache.SlotsOfStep = slots.AsSpan(0, active);
            for (int layer = 0; layer < 2; layer++)
            {
                Step(tape, full, cache, layer, done, counts);
            }

            cache.Commit();
            for (int s = 0; s < active; s++)
            {
                done[s] += counts[s];
                Assert.Equal(done[s], cache.LengthOf(slots[s]));
            }
        }
    }

    [Fact]
    public void DecodingDoesNotNoticeItsBatchOrTheThreads()
    {
        int workers = WorkerPool.Shared.WorkerCount;
        AttentionSettings settings = AttentionTests.Settings("grouped", 24, 24);
        try
        {
            WorkerPool.Resize(1);
            float[] alone = [.. Decoded(settings, [400], seed: 5), .. Decoded(settings, [33], seed: 6)];
            foreach (int count in new[] { 1, 2, 3 })
            {
                WorkerPool.Resize(count);
                Assert.Equal(alone, Decoded(settings, [400, 33], seed: 5));
            }
        }
        finally
        {
            WorkerPool.Resize(workers);
        }
    }

    [Fact]
    public void TruncatedTokensAreWrittenAgain()
    {
        using AttentionCase full = new AttentionCase(AttentionTests.Settings("plain"), 12).Run();
        using KeyValueCache cache = NewCache(full.Settings, layers: 1);
        int slot = cache.AddSequence();
        using var tape = new Tape();
        cache.SlotsOfStep = [slot];
        Step(tape, full, cache, 0, [0], [12]);
        cache.Commit();
        cache.Truncate(slot, 5);
        Assert.Equal(5, cache.LengthOf(slot));
        Step(tape, full, cache, 0, [5], [7]);
    }

    [Fact]
    public void CopiedSequenceGoesOnAlone()
    {
        using AttentionCase full = new AttentionCase(AttentionTests.Settings("grouped"), 90).Run();
        using KeyValueCache cache = NewCache(full.Settings, layers: 1);
        using var tape = new Tape();
        int first = cache.AddSequence();
        cache.SlotsOfStep = [first];
        Step(tape, full, cache, 0, [0], [60]);
        cache.Commit();
        int copy = cache.CopySequence(first);
        cache.Remove(first);
        Assert.Equal(60, cache.LengthOf(copy));
        cache.SlotsOfStep = [copy];
        Step(tape, full, cache, 0, [60], [30]);
    }

    [Fact]
    public void FreedSlotsAreUsedAgain()
    {
        using var cache = new KeyValueCache(1, 4, 4);
        int first = cache.AddSequence();
        int second = cache.AddSequence();
        cache.Remove(first);
        Assert.Throws<ArgumentException>(() => cache.LengthOf(first));
        Assert.Equal(first, cache.AddSequence());
        Assert.Equal(0, cache.LengthOf(first));
        Assert.Throws<ArgumentException>(() => cache.SlotsOfStep = [second, second]);
        Assert.Throws<ArgumentException>(() => cache.SlotsOfStep = [7]);
    }

    [Fact]
    public void WrongUseIsRefused()
    {
        using var cache = new KeyValueCache(1, 4, 4);
        using var tape = new Tape();
        var sequences = new SequenceLayout();
        sequences.Add(2, firstPosition: 3);
        Tensor x = tape.NewTensor(2, 4, sequences, requiresGrad: false);
        var heads = new HeadLayout(0, 2);
        AttentionSettings settings = AttentionCase.Plain(2, 2, 2, 2);
        Assert.Throws<ArgumentException>(() => Op.CachedAttention(tape, x, heads, x, heads, x, heads, settings, cache, 0));
        cache.SlotsOfStep = [cache.AddSequence()];
        ArgumentException error = Assert.Throws<ArgumentException>(() => Op.CachedAttention(tape, x, heads, x, heads, x, heads, settings, cache, 0));
        Assert.Contains("begins at position 3", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Prompts of the given lengths, then one token for each: the outputs of those. Sequence i has the numbers of seed + i.</summary>
    private static float[] Decoded(AttentionSettings settings, int[] lengths, int seed)
    {
        using KeyValueCache cache = NewCache(settings, layers: 1);
        using var tape = new Tape();
        cache.SlotsOfStep = [.. lengths.Select(_ => cache.AddSequence())];
        int columns = (settings.Heads + (2 * settings.KeyValueHeads)) * settings.HeadDim;
        Random[] numbers = [.. lengths.Select((_, i) => new Random(seed + i))];
        float[] output = [];
        foreach (bool prompt in new[] { true, false })
        {
            tape.Reset();
            var sequences = new SequenceLayout();
            for (int i = 0; i < lengths.Length; i++)
            {
                sequences.Add(prompt ? lengths[i] : 1, prompt ? 0 : lengths[i]);
            }

            Tensor x = tape.NewTensor(sequences.Rows, columns, sequences, requiresGrad: false);
            for (int i = 0; i < lengths.Length; i++)
            {
                foreach (ref float value in x.Span[(sequences.Offsets[i] * columns)..(sequences.Offsets[i + 1] * columns)])
                {
                    value = numbers[i].NextSingle() - 0.5f;
                }
            }

            var queries = new HeadLayout(0, settings.HeadDim);
            var keys = new HeadLayout(settings.Heads * settings.HeadDim, settings.HeadDim);
            var values = new HeadLayout((settings.Heads + settings.KeyValueHeads) * settings.HeadDim, settings.HeadDim);
            output = Op.CachedAttention(tape, x, queries, x, keys, x, values, settings, cache, 0).Span.ToArray();
            cache.Commit();
        }

        return output;
    }

    internal static KeyValueCache NewCache(AttentionSettings settings, int layers)
        => new(layers, settings.KeyValueHeads * settings.HeadDim, settings.KeyValueHeads * settings.ValueHeadDim);

    /// <summary>Feeds the next <paramref name="counts"/> rows of each sequence and compares with those of the full attention.</summary>
    private static void Step(Tape tape, AttentionCase full, KeyValueCache cache, int layer, int[] done, int[] counts)
    {
        tape.Reset();
        var sequences = new SequenceLayout();
        var rows = new List<int>();
        int start = 0;
        for (int s = 0; s < counts.Length; s++)
        {
            sequences.Add(counts[s], done[s]);
            rows.AddRange(Enumerable.Range(start + done[s], counts[s]));
            start += full.Lengths[s];
        }

        Tensor x = tape.NewTensor(sequences.Rows, full.Columns, sequences, requiresGrad: false);
        for (int i = 0; i < rows.Count; i++)
        {
            full.X.AsSpan(rows[i] * full.Columns, full.Columns).CopyTo(x.Row(i));
        }

        Tensor y = Op.CachedAttention(tape, x, full.Query, x, full.Key, x, full.Value, full.Settings, cache, layer);
        for (int i = 0; i < rows.Count; i++)
        {
            for (int c = 0; c < full.OutputColumns; c++)
            {
                Assert.Equal(full.Output[(rows[i] * full.OutputColumns) + c], y.Row(i)[c], 1e-5f);
            }
        }
    }
}
