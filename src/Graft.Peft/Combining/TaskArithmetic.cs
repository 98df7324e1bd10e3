using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Adds up tensors of several adapters, with some of their values left out first (Yadav et al. 2023, "TIES"; Yu et al. 2024, "DARE").</summary>
internal static class TaskArithmetic
{
    /// <summary>The combination of <paramref name="tensors"/>, which are changed.</summary>
    /// <param name="tensors">A tensor of each adapter, of one size.</param>
    /// <param name="weights">Its weight.</param>
    /// <param name="options">The form, the density, how signs are elected.</param>
    /// <param name="key">Names the random numbers.</param>
    public static float[] Combine(float[][] tensors, float[] weights, WeightedCombination options, ulong key)
    {
        string form = options.Arithmetic;
        for (int i = 0; i < tensors.Length && options.Prunes && options.Density < 1; i++)
        {
            if (form.StartsWith("dare", StringComparison.Ordinal))
            {
                PruneAtRandom(tensors[i], options.Density.Value, CounterRandom.Derive(key, (ulong)i));
            }
            else
            {
                PruneSmallest(tensors[i], options.Density.Value);
            }
        }

        float[] sum = new float[tensors[0].Length];
        for (int j = 0; j < sum.Length; j++)
        {
            sum[j] = form.EndsWith("ties", StringComparison.Ordinal) ? SumOfMajority(tensors, weights, j, options.MajoritySignMethod == "total") : Sum(tensors, weights, j);
        }

        return sum;
    }

    private static float Sum(float[][] tensors, float[] weights, int index)
    {
        float sum = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            sum += weights[i] * tensors[i][index];
        }

        return sum;
    }

    /// <summary>The values whose sign is that of the majority, weighted, over their number. The vote is on values without their weights; a draw is a plus.</summary>
    private static float SumOfMajority(float[][] tensors, float[] weights, int index, bool bySize)
    {
        float vote = 0;
        foreach (float[] tensor in tensors)
        {
            vote += bySize ? tensor[index] : Math.Sign(tensor[index]);
        }

        int sign = vote >= 0 ? 1 : -1;
        float sum = 0;
        int agreeing = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            if (Math.Sign(tensors[i][index]) == sign)
            {
                sum += weights[i] * tensors[i][index];
                agreeing++;
            }
        }

        return sum / Math.Max(1, agreeing);
    }

    /// <summary>Keeps the largest values; of equal ones the first.</summary>
    private static void PruneSmallest(float[] values, double density)
    {
        int kept = (int)(density * values.Length);
        int[] order = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(values[i]))];
        foreach (int i in order.Skip(kept))
        {
            values[i] = 0;
        }
    }

    /// <summary>Keeps each value with the given probability and scales it up by its inverse.</summary>
    private static void PruneAtRandom(float[] values, double density, ulong key)
    {
        float[] draws = new float[values.Length];
        CounterRandom.FillUniform(draws, key, 0, 1);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = draws[i] < density ? (float)(values[i] / density) : 0;
        }
    }
}
