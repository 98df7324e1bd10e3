using Graft.Tensors.Kernels;
using Xunit;

namespace Graft.Tensors.Tests;

/// <summary>Queries over cached keys and values of sources.</summary>
public sealed class CachedCrossAttentionTests : IDisposable
{
    private const int HeadDim = 20;

    private static readonly AttentionSettings s_settings = new()
    {
        Heads = 4, KeyValueHeads = 2, HeadDim = HeadDim, ValueHeadDim = HeadDim, Scale = 0.3f, Causal = false,
    };

    private readonly Isa _isa = InstructionSet.Current;

    public static TheoryData<Isa> Sets => [.. Enum.GetValues<Isa>().Where(static isa => isa <= InstructionSet.Best)];

    public void Dispose() => InstructionSet.Current = _isa;

    [Theory]
    [MemberData(nameof(Sets))]
    public void EqualsCrossAttention(Isa isa)
    {
        InstructionSet.Current = isa;
        using var tape = new Tape();
        SequenceLayout sources = TestData.Layout(70, 5, 33);
        Tensor keys = TestData.Leaf(tape, sources, TestData.Uniform(108 * 2 * HeadDim, 1));
        Tensor values = TestData.Leaf(tape, sources, TestData.Uniform(108 * 2 * HeadDim, 2));
        SequenceLayout targets = TestData.Layout(1, 9, 0);
        Tensor queries = TestData.Leaf(tape, targets, TestData.Uniform(10 * 4 * HeadDim, 3));
        var heads = new HeadLayout(0, HeadDim);
        Tensor expected = Op.Attention(tape, queries, heads, keys, heads, values, heads, s_settings);
        using KeyValueCache cache = Filled(keys, values, heads);
        Tensor actual = Op.CachedCrossAttention(tape, queries, heads, s_settings, cache, 1, cache.SlotsOfStep);
        AssertClose(expected.Span, actual.Span);
    }

    [Fact]
    public void BeamsShareASource()
    {
        using var tape = new Tape();
        SequenceLayout sources = TestData.Layout(7, 5);
        Tensor keys = TestData.Leaf(tape, sources, TestData.Uniform(12 * 2 * HeadDim, 1));
        Tensor values = TestData.Leaf(tape, sources, TestData.Uniform(12 * 2 * HeadDim, 2));
        var heads = new HeadLayout(0, HeadDim);
        using KeyValueCache cache = Filled(keys, values, heads);
        int[] slots = cache.SlotsOfStep.ToArray();
        float[] beams = TestData.Uniform(3 * 4 * HeadDim, 3);
        Tensor together = Op.CachedCrossAttention(tape, TestData.Leaf(tape, TestData.Layout(1, 1, 1), beams), heads, s_settings, cache, 0, [slots[1], slots[0], slots[1]]);
        for (int i = 0; i < 3; i++)
        {
            Tensor query = TestData.Leaf(tape, TestData.Layout(1), beams.AsSpan(i * 4 * HeadDim, 4 * HeadDim));
            Tensor alone = Op.CachedCrossAttention(tape, query, heads, s_settings, cache, 0, [slots[i == 1 ? 0 : 1]]);
            Assert.Equal(alone.Span.ToArray(), together.Row(i).ToArray());
        }
    }

    [Fact]
    public void WrongUseIsRefused()
    {
        using var tape = new Tape();
        using var cache = new KeyValueCache(1, 2 * HeadDim, 2 * HeadDim);
        var heads = new HeadLayout(0, HeadDim);
        Tensor queries = TestData.Leaf(tape, TestData.Layout(1), new float[4 * HeadDim]);
        int slot = cache.AddSequence();
        Assert.Contains("holds no tokens", Refused(() => Op.CachedCrossAttention(tape, queries, heads, s_settings, cache, 0, [slot])), StringComparison.Ordinal);
        Assert.Contains("2 slots", Refused(() => Op.CachedCrossAttention(tape, queries, heads, s_settings, cache, 0, [slot, slot])), StringComparison.Ordinal);
        Assert.Contains("causal", Refused(() => Op.CachedCrossAttention(tape, queries, heads, AttentionCase.Plain(4, 2, HeadDim, HeadDim), cache, 0, [slot])), StringComparison.Ordinal);
        Assert.Contains("0 slots", Refused(() => Op.CacheKeysAndValues(queries, heads, queries, heads, s_settings, cache, 0)), StringComparison.Ordinal);
        tape.Mode = TapeMode.Recording;
        Assert.Throws<InvalidOperationException>(() => Op.CachedCrossAttention(tape, queries, heads, s_settings, cache, 0, [slot]));
    }

    private static string Refused(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;

    private static string Refused(Action action) => Assert.Throws<ArgumentException>(action).Message;

    private static KeyValueCache Filled(Tensor keys, Tensor values, HeadLayout heads)
    {
        var cache = new KeyValueCache(2, 2 * HeadDim, 2 * HeadDim);
        cache.SlotsOfStep = [.. Enumerable.Range(0, keys.Sequences.Count).Select(_ => cache.AddSequence())];
        Op.CacheKeysAndValues(keys, heads, values, heads, s_settings, cache, 0);
        Op.CacheKeysAndValues(keys, heads, values, heads, s_settings, cache, 1);
        cache.Commit();
        return cache;
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }
    }
}
