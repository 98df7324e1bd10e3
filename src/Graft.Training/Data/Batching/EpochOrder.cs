using Graft.Tensors;

namespace Graft.Training.Data;

/// <summary>The order of the samples in an epoch: a pure function of seed and epoch, so that a resumed run finds its place without replaying.</summary>
public static class EpochOrder
{
    // Names the stream of random numbers, so that no other use of the same seed shares it.
    private const ulong DataOrder = 0x64617461;

    /// <summary>A shuffle of <c>0 .. count - 1</c>, every order equally likely.</summary>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">The run's data seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    public static int[] Shuffled(int count, ulong seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        int[] order = InOrder(count);

        // Fisher-Yates; the draw for place i depends on (seed, epoch, i) alone.
        ulong key = CounterRandom.Derive(CounterRandom.Derive(seed, DataOrder), (ulong)epoch);
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(key, i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary><c>0 .. count - 1</c>.</summary>
    internal static int[] InOrder(int count)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        return order;
    }

    /// <summary>A number below <paramref name="bound"/>, without bias (Lemire 2019): the few draws that would favour some numbers are repeated.</summary>
    private static int Below(ulong key, int position, int bound)
    {
        ulong threshold = (0UL - (ulong)bound) % (ulong)bound;
        for (ulong attempt = 0; ; attempt++)
        {
            (uint a, uint b, _, _) = CounterRandom.Next(key, attempt, (ulong)position);
            ulong high = Math.BigMul(((ulong)a << 32) | b, (ulong)bound, out ulong low);
            if (low >= threshold)
            {
                return (int)high;
            }
        }
    }
}
