namespace Graft.Generation.Processors;

/// <summary>Finds the largest scores without sorting a whole vocabulary.</summary>
internal static class Selection
{
    /// <summary>The <paramref name="k"/>-th largest value (k from 1). Changes the order of <paramref name="values"/>.</summary>
    public static float KthLargest(Span<float> values, int k)
    {
        int low = 0;
        int high = values.Length - 1;
        int target = k - 1;
        while (low < high)
        {
            float pivot = MedianOfThree(values[low], values[low + ((high - low) / 2)], values[high]);
            int left = low;
            int right = high;
            while (left <= right)
            {
                while (values[left] > pivot)
                {
                    left++;
                }

                while (values[right] < pivot)
                {
                    right--;
                }

                if (left <= right)
                {
                    (values[left], values[right]) = (values[right], values[left]);
                    left++;
                    right--;
                }
            }

            if (target <= right)
            {
                high = right;
            }
            else if (target >= left)
            {
                low = left;
            }
            else
            {
                break;
            }
        }

        return values[target];
    }

    /// <summary>The <paramref name="k"/>-th largest of <paramref name="scores"/>, which stay as they are.</summary>
    public static float KthLargest(ReadOnlySpan<float> scores, int k, ProcessorScratch scratch)
    {
        Span<float> copy = scratch.Keys(scores.Length);
        scores.CopyTo(copy);
        return KthLargest(copy, Math.Clamp(k, 1, scores.Length));
    }

    /// <summary>
    /// Token ids by falling score into <paramref name="order"/>, at least <paramref name="count"/> of them if so many are possible
    /// (ties of the last may add more); among equals the higher id comes first, as a stable ascending sort would have it.
    /// </summary>
    /// <returns>How many were written.</returns>
    public static int Largest(ReadOnlySpan<float> scores, int count, Span<int> order, ProcessorScratch scratch)
    {
        float threshold = KthLargest(scores, count, scratch);
        Span<float> keys = scratch.Keys(scores.Length);
        int found = 0;
        for (int i = scores.Length - 1; i >= 0; i--)
        {
            if (scores[i] >= threshold && !float.IsNegativeInfinity(scores[i]))
            {
                // Sorting is ascending and unstable: order by the negated score, then repair ties below.
                keys[found] = -scores[i];
                order[found++] = i;
            }
        }

        keys[..found].Sort(order[..found]);
        RepairTies(keys[..found], order[..found]);
        return found;
    }

    private static void RepairTies(ReadOnlySpan<float> keys, Span<int> order)
    {
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                order[start..end].Sort();
                order[start..end].Reverse();
            }

            start = end;
        }
    }

    private static float MedianOfThree(float a, float b, float c) => MathF.Max(MathF.Min(a, b), MathF.Min(MathF.Max(a, b), c));
}
