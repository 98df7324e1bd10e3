using Graft.Tensors.Kernels;
using Xunit;

namespace Graft.Tensors.Tests;

public sealed class AttentionDropoutTests
{
    private static readonly AttentionSettings Settings = new()
    {
        Heads = 2,
        KeyValueHeads = 2,
        HeadDim = 4,
        ValueHeadDim = 4,
        Scale = 0.5f,
        Dropout = 0.25f,
    };

    [Fact]
    public void The_share_of_zeros_is_the_probability_and_the_rest_is_scaled()
    {
        AttentionDropout dropout = AttentionDropout.Of(0.25f, seed: 3, ordinal: 1).ForHead(sequence: 7, head: 2);
        float[] factors = [.. from query in Enumerable.Range(0, 300) from key in Enumerable.Range(0, 300) select dropout.FactorOf(query, key)];
        Assert.All(factors, factor => Assert.True(factor is 0 or 1 / 0.75f));
        Assert.InRange(factors.Count(factor => factor == 0) / (double)factors.Length, 0.245, 0.255);
    }

    [Fact]
    public void Steps_ops_sequences_and_heads_draw_different_numbers()
    {
        float[] first = Mask(seed: 1, ordinal: 0, sequence: 0, head: 0);
        Assert.Equal(first, Mask(seed: 1, ordinal: 0, sequence: 0, head: 0));
        Assert.NotEqual(first, Mask(seed: 2, ordinal: 0, sequence: 0, head: 0));
        Assert.NotEqual(first, Mask(seed: 1, ordinal: 1, sequence: 0, head: 0));
        Assert.NotEqual(first, Mask(seed: 1, ordinal: 0, sequence: 1, head: 0));
        Assert.NotEqual(first, Mask(seed: 1, ordinal: 0, sequence: 0, head: 1));
    }

    [Fact]
    public void Only_training_drops()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        SequenceLayout layout = TestData.Layout(9);
        Tensor x = TestData.Leaf(tape, layout, TestData.Uniform(9 * 8, 3));
        var heads = new HeadLayout(0, 4);
        AttentionSettings without = new() { Heads = 2, KeyValueHeads = 2, HeadDim = 4, ValueHeadDim = 4, Scale = 0.5f };
        float[] plain = Op.Attention(tape, x, heads, x, heads, x, heads, without, training: true).Span.ToArray();
        Assert.Equal(plain, Op.Attention(tape, x, heads, x, heads, x, heads, Settings).Span.ToArray());
        Assert.Equal(0, tape.RandomOrdinal);
        Assert.NotEqual(plain, Op.Attention(tape, x, heads, x, heads, x, heads, Settings, training: true).Span.ToArray());
        Assert.Equal(1, tape.RandomOrdinal);
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void An_impossible_probability_is_refused(float probability)
    {
        AttentionSettings settings = new() { Heads = 1, KeyValueHeads = 1, HeadDim = 2, ValueHeadDim = 2, Scale = 1, Dropout = probability };
        Assert.Contains("dropout", Assert.Throws<ArgumentException>(settings.Validate).Message, StringComparison.Ordinal);
    }

    private static float[] Mask(ulong seed, int ordinal, ulong sequence, int head)
    {
        AttentionDropout dropout = AttentionDropout.Of(0.5f, seed, ordinal).ForHead(sequence, head);
        return [.. from query in Enumerable.Range(0, 20) from key in Enumerable.Range(0, 20) select dropout.FactorOf(query, key)];
    }
}
