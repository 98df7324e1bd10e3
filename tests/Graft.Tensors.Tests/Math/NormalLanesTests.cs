using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

public sealed class NormalLanesTests
{
    [Fact]
    public void Every_instruction_set_draws_the_same()
    {
        Isa before = InstructionSet.Current;
        try
        {
            InstructionSet.Current = Isa.Scalar;
            foreach (int count in new[] { 0, 1, 15, 63, 64, 65, 130, 1000 })
            {
                InstructionSet.Current = Isa.Scalar;
                float[] expected = Draw(count, 0);
                for (Isa isa = Isa.Vector128; isa <= InstructionSet.Best; isa++)
                {
                    InstructionSet.Current = isa;
                    Assert.Equal(expected, Draw(count, 0));
                }
            }
        }
        finally
        {
            InstructionSet.Current = before;
        }
    }

    [Fact]
    public void A_stream_may_be_filled_in_parts()
    {
        float[] whole = Draw(1000, 0);
        Assert.Equal(whole[128..300], Draw(172, 128));
        long far = (1L << 34) + 64;
        Assert.Equal(Draw(128, far)[64..], Draw(64, far + 64));
        Assert.NotEqual(whole[..64], Draw(64, far));
        ArgumentException e = Assert.Throws<ArgumentException>(() => Draw(4, 4));
        Assert.Contains("64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Moments_and_tails_are_those_of_the_normal_distribution()
    {
        const int Count = 1 << 21;
        float[] values = Draw(Count, 0);
        double[] moments = [.. Enumerable.Range(1, 4).Select(power => values.Average(value => System.Math.Pow(value, power)))];

        // Five standard errors of each: 1, √2, √15, √96 over √count.
        double error = 5 / System.Math.Sqrt(Count);
        Assert.InRange(moments[0], -error, error);
        Assert.InRange(moments[1], 1 - (1.42 * error), 1 + (1.42 * error));
        Assert.InRange(moments[2], -3.9 * error, 3.9 * error);
        Assert.InRange(moments[3], 3 - (9.8 * error), 3 + (9.8 * error));
        Assert.InRange(values.Count(value => System.Math.Abs(value) > 3) / (double)Count, 0.0025, 0.0029);
        Assert.All(values, value => Assert.InRange(value, -5.8f, 5.8f));

        // Neighbours come from one radius and one angle, and must still be independent.
        foreach (int lag in new[] { 1, 16, 32, 48, 64 })
        {
            Assert.InRange(Enumerable.Range(0, Count - lag).Average(i => (double)values[i] * values[i + lag]), -error, error);
        }
    }

    private static float[] Draw(int count, long first)
    {
        var values = new float[count];
        CounterRandom.FillNormal(values, 11, 0, 1, first);
        return values;
    }
}
