using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Rows of A, rounded to bf16 and packed for a tile: block of k after block, in each of them panel after panel of rows.</summary>
/// <remarks>Which rows a panel has depends on their number alone, so any product, on any number of workers, reads the same copy.</remarks>
internal readonly unsafe struct BFloat16Operand
{
    private const int Depth = BFloat16Rows.MaxDepth;

    private BFloat16Operand(ProductTile tile, int rows, int first, int columns, uint* units)
    {
        Tile = tile;
        Rows = rows;
        First = first;
        Columns = columns;
        Units = units;
    }

    /// <summary>The tile that it is packed for.</summary>
    public ProductTile Tile { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>First k: a multiple of <see cref="BFloat16Rows.MaxDepth"/>.</summary>
    public int First { get; }

    /// <summary>Number of k.</summary>
    public int Columns { get; }

    /// <summary>One past the last k.</summary>
    public int End => First + Columns;

    /// <summary>Panels of rows.</summary>
    public int Panels => Tile.RowPanels(Rows);

    private uint* Units { get; }

    /// <summary>Units that so many rows take, packed.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    public static long UnitsOf(ProductTile tile, int rows, int columns) => PackedRows.Units(tile, rows, (columns + 1) / 2);

    /// <summary>Columns, whole blocks of them, of which rows fit so many bytes; at least one block.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows, at least one.</param>
    /// <param name="bytes">Bytes.</param>
    public static int ColumnsOf(ProductTile tile, int rows, long bytes)
        => (int)Math.Clamp(bytes / sizeof(uint) / UnitsOf(tile, rows, Depth), 1, int.MaxValue / (2 * Depth)) * Depth;

    /// <summary>Rounds and packs rows, shared out among the workers.</summary>
    /// <param name="tile">The tile to pack for.</param>
    /// <param name="a">First element.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="first">Which k the first element is.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="units">Receives <see cref="UnitsOf"/> units.</param>
    public static BFloat16Operand Pack(ProductTile tile, float* a, long lda, int rows, int first, int columns, uint* units)
    {
        var operand = new BFloat16Operand(tile, rows, first, columns, units);
        var job = new PackingJob { A = a, Lda = lda, Operand = operand };
        OpProfile.Count(0, (double)(sizeof(float) + sizeof(ushort)) * rows * columns);
        job.Run();
        return operand;
    }

    /// <summary>Where a panel of rows begins in a block of k.</summary>
    /// <param name="p">First k of the block.</param>
    /// <param name="panel">Index of the panel.</param>
    public uint* At(int p, int panel)
    {
        nint groups = (Math.Min(Depth, End - p) + 1) / 2;
        return Units + PackedRows.Units(Tile, Rows, (p - First) / 2) + (panel * groups * Tile.PackedRows);
    }

    /// <summary>A part is some panels of rows in some blocks of k, counted through.</summary>
    private struct PackingJob : IParallelJob
    {
        /// <summary>Elements that are worth handing out: some microseconds.</summary>
        private const long WorthAPart = 1 << 13;

        public float* A;
        public long Lda;
        public BFloat16Operand Operand;
        private int _panels, _tiles, _parts;

        public void Run()
        {
            _panels = Operand.Panels;
            _tiles = _panels * ((Operand.Columns + Depth - 1) / Depth);
            _parts = (int)Math.Clamp((long)Operand.Rows * Operand.Columns / WorthAPart, 1, Math.Max(1, _tiles));
            WorkerPool.Shared.Run(_parts, ref this);
        }

        public readonly void Execute(int part)
        {
            int end = (int)((long)_tiles * (part + 1) / _parts);
            for (int tile = (int)((long)_tiles * part / _parts); tile < end; tile++)
            {
                PackPanel(tile % _panels, tile / _panels * Depth);
            }
        }

        private readonly void PackPanel(int panel, int column)
        {
            int start = ProductTile.PanelStart(Operand.Rows, _panels, panel);
            int count = ProductTile.PanelStart(Operand.Rows, _panels, panel + 1) - start;
            PackedRows.PackPanel(Operand.Tile, A + (start * Lda) + column, Lda, count, Math.Min(Depth, Operand.Columns - column), Operand.At(Operand.First + column, panel));
        }
    }
}
