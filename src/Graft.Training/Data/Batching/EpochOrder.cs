namespace Graft.Training.Data;

/// <summary>The order of the samples in an epoch: a pure function of seed and epoch, so that a resumed run finds its place without replaying.</summary>
public static class EpochOrder
{
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
        ulong stream = Mix(Mix(seed) + (ulong)epoch);
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(stream, i, i + 1);
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

    /// <summary>A number below <paramref name="bound"/>, without bias (Lemire 2019): the few draws that would favour low numbers are drawn again.</summary>
    private static int Below(ulong stream, int counter, int bound)
    {
        ulong threshold = (0UL - (ulong)bound) % (ulong)bound;
        for (ulong attempt = 0; ; attempt++)
        {
            ulong high = Math.BigMul(Mix(stream + Mix((uint)counter + (attempt << 32))), (ulong)bound, out ulong low);
            if (low >= threshold)
            {
                return (int)high;
            }
        }
    }

    /// <summary>One step of SplitMix64 (Steele, Lea, Flood 2014): a bijection whose outputs for consecutive inputs look random.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
