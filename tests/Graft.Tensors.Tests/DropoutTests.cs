using Graft.Tensors;

namespace Graft.Tensors.Tests;

public class DropoutTests
{
    private const int Columns = 150;

    [Fact]
    public void Backward_is_the_same_mask()
    {
        SequenceLayout layout = TestData.Layout(3, 4);
        float[] mask = Mask(layout, seed: 9, probability: 0.3f);
        FiniteDifference.Check(
            layout,
            [TestData.Uniform(7 * Columns, 5)],
            [],
            (tape, x) =>
            {
                (tape.RandomSeed, tape.RandomOrdinal) = (9, 0);
                return Op.Dropout(tape, x[0], 0.3f);
            },
            v => [.. v[0].Zip(mask, (x, m) => x * m)]);
    }

    [Fact]
    public void The_share_of_zeros_is_the_probability_and_the_rest_is_scaled()
    {
        float[] mask = Mask(TestData.Layout(400), seed: 3, probability: 0.25f);
        Assert.All(mask, m => Assert.True(m == 0 || m == 1 / 0.75f));
        Assert.InRange(mask.Count(m => m == 0) / (double)mask.Length, 0.245, 0.255);
    }

    [Fact]
    public void A_sample_has_the_same_mask_in_any_batch()
    {
        SequenceLayout batch = TestData.Layout(3, 5, 2);
        float[] all = Mask(batch, seed: 4, probability: 0.5f);
        float[] alone = Mask(TestData.Single(batch, 1), seed: 4, probability: 0.5f);
        Assert.Equal(all[(3 * Columns)..(8 * Columns)], alone);
        Assert.NotEqual(all[..(2 * Columns)], all[(8 * Columns)..]);
    }

    [Fact]
    public void Ops_and_steps_draw_different_numbers()
    {
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 4 };
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), Enumerable.Repeat(1f, 2 * Columns).ToArray());
        float[] first = Op.Dropout(tape, x, 0.5f).Span.ToArray();
        float[] second = Op.Dropout(tape, x, 0.5f).Span.ToArray();
        Assert.NotEqual(first, second);
        (tape.RandomSeed, tape.RandomOrdinal) = (5, 0);
        Assert.NotEqual(first, Op.Dropout(tape, x, 0.5f).Span.ToArray());
        (tape.RandomSeed, tape.RandomOrdinal) = (4, 0);
        Assert.Equal(first, Op.Dropout(tape, x, 0.5f).Span.ToArray());
    }

    [Fact]
    public void Probability_zero_and_inference_change_nothing()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), new float[4]);
        Assert.Same(x, Op.Dropout(tape, x, 0));
        tape.Mode = TapeMode.Inference;
        Assert.Same(x, Op.Dropout(tape, x, 0.5f));
        Assert.Equal(0, tape.RandomOrdinal);
        Assert.Throws<ArgumentException>(() => Op.Dropout(tape, x, 1));
        Assert.Throws<ArgumentException>(() => Op.Dropout(tape, x, float.NaN));
    }

    private static float[] Mask(SequenceLayout layout, ulong seed, float probability)
    {
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = seed };
        Tensor x = TestData.Leaf(tape, layout, Enumerable.Repeat(1f, layout.Rows * Columns).ToArray());
        return Op.Dropout(tape, x, probability).Span.ToArray();
    }
}
