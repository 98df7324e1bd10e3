namespace Graft.Tensors.Kernels;

/// <summary>torch's sum of fp32 numbers, in the order in which one of its threads adds with vectors of 8 lanes.</summary>
/// <remarks>
/// Four vectors side by side are summed in short runs, the runs' sums in longer ones, four levels deep. bitsandbytes takes the
/// mean of a layer's scales so, and its last bit decides over codes.
/// </remarks>
internal static unsafe class CascadeSum
{
    private const int Lanes = 8;
    private const int Columns = 4 * Lanes;
    private const int Levels = 4;
    private const int LeastPower = 4;

    /// <summary>The mean.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many, at least one.</param>
    public static float Mean(float* values, long count) => Sum(values, count) / count;

    private static float Sum(float* values, long count)
    {
        float* sums = stackalloc float[Levels * Columns];
        new Span<float>(sums, Levels * Columns).Clear();
        long vectors = count / Lanes;
        long rows = vectors / 4;
        AddRows(values, rows, sums);
        for (long vector = 4 * rows; vector < vectors; vector++)
        {
            Add(sums, values + (vector * Lanes), Lanes);
        }

        for (int part = 1; part < 4; part++)
        {
            Add(sums, sums + (part * Lanes), Lanes);
        }

        float sum = 0;
        for (long i = vectors * Lanes; i < count; i++)
        {
            sum += values[i];
        }

        for (int lane = 0; lane < Lanes; lane++)
        {
            sum += sums[lane];
        }

        return sum;
    }

    /// <summary>Sums rows of 32 numbers column by column; the result is in the first level.</summary>
    private static void AddRows(float* values, long rows, float* sums)
    {
        int power = Math.Max(LeastPower, (rows <= 1 ? 0 : 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(rows - 1))) / Levels);
        long step = 1L << power;
        long row = 0;
        while (row + step <= rows)
        {
            for (long end = row + step; row < end; row++)
            {
                Add(sums, values + (row * Columns), Columns);
            }

            for (int level = 1; level < Levels; level++)
            {
                Add(sums + (level * Columns), sums + ((level - 1) * Columns), Columns);
                new Span<float>(sums + ((level - 1) * Columns), Columns).Clear();
                if ((row & ((step - 1) << (level * power))) != 0)
                {
                    break;
                }
            }
        }

        for (; row < rows; row++)
        {
            Add(sums, values + (row * Columns), Columns);
        }

        for (int level = 1; level < Levels; level++)
        {
            Add(sums, sums + (level * Columns), Columns);
        }
    }

    private static void Add(float* sums, float* values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            sums[i] += values[i];
        }
    }
}
