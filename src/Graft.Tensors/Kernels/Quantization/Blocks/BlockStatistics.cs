namespace Graft.Tensors.Kernels;

/// <summary>What encoders need to know about the elements of a block.</summary>
internal static unsafe class BlockStatistics
{
    /// <summary>The first element of the largest magnitude, with its sign.</summary>
    public static float Extreme(float* source, int count)
    {
        float extreme = source[0];
        for (int i = 1; i < count; i++)
        {
            if (MathF.Abs(source[i]) > MathF.Abs(extreme))
            {
                extreme = source[i];
            }
        }

        return extreme;
    }

    /// <summary>The smallest and the largest element.</summary>
    public static (float Smallest, float Largest) Range(float* source, int count)
    {
        (float smallest, float largest) = (source[0], source[0]);
        for (int i = 1; i < count; i++)
        {
            (smallest, largest) = (Math.Min(smallest, source[i]), Math.Max(largest, source[i]));
        }

        return (smallest, largest);
    }

    /// <summary>C's <c>roundf</c>.</summary>
    public static float RoundAwayFromZero(float value) => MathF.Round(value, MidpointRounding.AwayFromZero);
}
