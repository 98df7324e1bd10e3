namespace Graft.Tensors.Kernels;

/// <summary>How a product is split among workers: strips of rows, each cut into columns. It decides who computes, never what.</summary>
/// <remarks>
/// A strip's height is in proportion to the workers in it, so that counts of workers which do not factor are served as well. Large parts
/// are cut into a few pieces, handed out in turn: a worker that other programs hold up takes fewer of them.
/// </remarks>
/// <param name="Parts">Number of parts: workers in use.</param>
/// <param name="Strips">Strips of rows.</param>
/// <param name="PiecesAPart">Pieces that each part is cut into.</param>
internal readonly record struct GemmPartition(int Parts, int Strips, int PiecesAPart = 1)
{
    /// <summary>Fused multiply-adds below which waking another worker costs more than it saves.</summary>
    private const long WorthAWorker = 32 * 1024;

    /// <summary>What packing a row or a column costs, in products a term of it.</summary>
    private const double PackingCost = 5;

    private const int UsualStrips = 16;

    /// <summary>Fused multiply-adds that make a piece worth handing out: some tens of microseconds.</summary>
    private const long WorthAPiece = 1 << 20;

    private const int MostPieces = 4;

    /// <summary>Columns of a piece that outweigh packing its rows once more.</summary>
    private const int ColumnsWorthPackingRows = 256;

    /// <summary>Number of pieces of all parts: what is handed out.</summary>
    public int Pieces => Parts * PiecesAPart;

    /// <summary>The partition whose busiest worker has the least to do.</summary>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of each sum.</param>
    /// <param name="workers">Workers that are there.</param>
    /// <param name="columnUnit">Columns that are not split: a vector.</param>
    /// <param name="panelHeight">More than 1 where m counts panels of so many rows, packed before the product begins.</param>
    public static GemmPartition Choose(int m, int n, int k, int workers, int columnUnit, int panelHeight = 1)
    {
        int parts = PartsFor((long)m * n * k * panelHeight, workers);
        int maxStrips = Math.Min(Math.Min(parts, m), n <= 4 * columnUnit ? parts : UsualStrips);
        int best = 1;
        double bestCost = double.PositiveInfinity;
        for (int strips = 1; strips <= maxStrips; strips++)
        {
            double cost = new GemmPartition(parts, strips).Cost(m, n, columnUnit, panelHeight);
            if (cost < bestCost)
            {
                best = strips;
                bestCost = cost;
            }
        }

        return new GemmPartition(parts, best);
    }

    /// <summary>How many workers a product is worth.</summary>
    /// <param name="multiplyAdds">Its fused multiply-adds.</param>
    /// <param name="workers">Workers that are there.</param>
    public static int PartsFor(long multiplyAdds, int workers) => (int)Math.Clamp(multiplyAdds / WorthAWorker, 1, workers);

    /// <summary>The same parts, cut into pieces where that pays.</summary>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of each sum.</param>
    /// <param name="panel">Columns of a panel, which are not cut.</param>
    /// <param name="packsRows">Whether every piece packs its rows.</param>
    public GemmPartition Cut(int m, int n, int k, int panel, bool packsRows)
    {
        if (Parts == 1)
        {
            return this;
        }

        long work = (long)m * n * k / Parts;
        int columns = n * Strips / Parts;
        int most = Math.Min(MostPieces, packsRows ? 1 + (columns / ColumnsWorthPackingRows) : columns / (2 * panel));
        return this with { PiecesAPart = (int)Math.Clamp(work / WorthAPiece, 1, Math.Max(1, most)) };
    }

    /// <summary>The rectangle of one piece. The first pieces of all parts come first, then the second ones, and so on.</summary>
    /// <param name="piece">Index of the piece.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="columnUnit">Columns that are not split between parts.</param>
    /// <param name="panel">Columns that are not split between pieces.</param>
    public (int RowStart, int RowEnd, int ColumnStart, int ColumnEnd) Piece(int piece, int m, int n, int columnUnit, int panel)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = Range(piece % Parts, m, n, columnUnit);
        long panels = (columnEnd - columnStart + panel - 1) / panel;
        int index = piece / Parts;
        return (
            rowStart,
            rowEnd,
            (int)Math.Min(columnEnd, columnStart + (panels * index / PiecesAPart * panel)),
            (int)Math.Min(columnEnd, columnStart + (panels * (index + 1) / PiecesAPart * panel)));
    }

    /// <summary>The rectangle of one part; empty where there are more parts than columns to share.</summary>
    /// <param name="part">Index of the part.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="columnUnit">Columns that are not split.</param>
    public (int RowStart, int RowEnd, int ColumnStart, int ColumnEnd) Range(int part, int m, int n, int columnUnit)
    {
        // The strip of a part: the last one that starts at or before it.
        int strip = (int)((((long)part + 1) * Strips) - 1) / Parts;
        int first = FirstPart(strip);
        int partsInStrip = FirstPart(strip + 1) - first;
        int column = part - first;
        long units = (n + columnUnit - 1) / columnUnit;
        return (
            (int)((long)m * first / Parts),
            (int)((long)m * (first + partsInStrip) / Parts),
            (int)Math.Min(n, units * column / partsInStrip * columnUnit),
            (int)Math.Min(n, units * (column + 1) / partsInStrip * columnUnit));
    }

    private int FirstPart(int strip) => (int)((long)Parts * strip / Strips);

    private double Cost(int m, int n, int columnUnit, int panelHeight)
    {
        long units = (n + columnUnit - 1) / columnUnit;
        double largest = 0;
        for (int strip = 0; strip < Strips; strip++)
        {
            int first = FirstPart(strip);
            int partsInStrip = FirstPart(strip + 1) - first;
            double rows = (m * (long)(first + partsInStrip) / Parts) - (m * (long)first / Parts);
            double columns = (units + partsInStrip - 1) / partsInStrip * columnUnit;
            double packed = panelHeight > 1 ? columns / panelHeight : rows + columns;
            largest = Math.Max(largest, (rows * columns) + (PackingCost * packed));
        }

        return largest;
    }
}
