namespace Graft.Tensors.Kernels;

/// <summary>Copies rows of a head between a batch, where they lie far apart, and scratch memory, where they lie close together.</summary>
internal static unsafe class PanelCopy
{
    /// <summary>Rounds up to the rows that <see cref="LaneProduct{TLanes, TVector}"/> handles at a time.</summary>
    public static int RoundUp(int count, int grain) => (count + grain - 1) / grain * grain;

    /// <summary>Copies rows, and fills with zeros what is wider or longer than the source.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="target">[targetRows, targetColumns], without gaps.</param>
    /// <param name="targetRows">At least <paramref name="rows"/>.</param>
    /// <param name="targetColumns">At least <paramref name="columns"/>.</param>
    public static void Rows(float* source, nint sourceStride, int rows, int columns, float* target, int targetRows, int targetColumns)
    {
        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(source + (row * sourceStride), columns).CopyTo(new Span<float>(target, columns));
            for (int column = columns; column < targetColumns; column++)
            {
                target[column] = 0;
            }

            target += targetColumns;
        }

        new Span<float>(target, (targetRows - rows) * targetColumns).Clear();
    }

    /// <summary>Copies rows into columns, scaled; columns beyond the last row become zero.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="factor">Multiplies every element.</param>
    /// <param name="target">[targetRows, lanes], without gaps.</param>
    /// <param name="targetRows">At least <paramref name="columns"/>; rows beyond become zero.</param>
    /// <param name="lanes">At least <paramref name="rows"/>.</param>
    public static void Transposed(float* source, nint sourceStride, int rows, int columns, float factor, float* target, int targetRows, int lanes)
    {
        for (int column = 0; column < columns; column++)
        {
            float* from = source + column;
            float* to = target + (column * lanes);
            for (int row = 0; row < rows; row++)
            {
                to[row] = *from * factor;
                from += sourceStride;
            }

            for (int row = rows; row < lanes; row++)
            {
                to[row] = 0;
            }
        }

        new Span<float>(target + (columns * lanes), (targetRows - columns) * lanes).Clear();
    }
}
