namespace Graft.Tensors.Kernels;

/// <summary>How a product is split among workers: a grid of rectangles of C. It decides who computes, never what.</summary>
/// <param name="RowParts">Parts along m.</param>
/// <param name="ColumnParts">Parts along n.</param>
internal readonly record struct GemmPartition(int RowParts, int ColumnParts)
{
    /// <summary>Fused multiply-adds below which waking another worker costs more than it saves.</summary>
    private const long WorthAWorker = 32 * 1024;

    /// <summary>Number of parts.</summary>
    public int Parts => RowParts * ColumnParts;

    /// <summary>The grid whose busiest worker has the least to do.</summary>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of each sum.</param>
    /// <param name="workers">Workers that are there.</param>
    /// <param name="columnUnit">Columns that are not split: a vector.</param>
    public static GemmPartition Choose(int m, int n, int k, int workers, int columnUnit)
    {
        workers = (int)Math.Clamp((long)m * n * k / WorthAWorker, 1, workers);
        var best = new GemmPartition(1, 1);
        double bestCost = double.PositiveInfinity;
        for (int rowParts = 1; rowParts <= Math.Min(workers, m); rowParts++)
        {
            int columnParts = Math.Min(workers / rowParts, (n + columnUnit - 1) / columnUnit);
            double rows = (m + rowParts - 1) / rowParts;
            double columns = Math.Min(n, ((((n + columnUnit - 1) / columnUnit) + columnParts - 1) / columnParts) * columnUnit);

            // Products, and what packing costs: an element of either panel about as much as a sixth of a column of 32 products.
            double cost = (rows * columns) + (PackingCost * (rows + columns));
            if (cost < bestCost)
            {
                best = new GemmPartition(rowParts, columnParts);
                bestCost = cost;
            }
        }

        return best;
    }

    private const double PackingCost = 5;

    /// <summary>The rectangle of one part.</summary>
    /// <param name="part">Index of the part.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="columnUnit">Columns that are not split.</param>
    public (int RowStart, int RowEnd, int ColumnStart, int ColumnEnd) Range(int part, int m, int n, int columnUnit)
    {
        int row = part / ColumnParts;
        int column = part % ColumnParts;
        long units = (n + columnUnit - 1) / columnUnit;
        return (
            (int)((long)m * row / RowParts),
            (int)((long)m * (row + 1) / RowParts),
            (int)Math.Min(n, units * column / ColumnParts * columnUnit),
            (int)Math.Min(n, units * (column + 1) / ColumnParts * columnUnit));
    }
}
