using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Rows of A packed for a <see cref="ProductTile"/>, and their passage over one panel of B.</summary>
internal static unsafe class PackedRows
{
    /// <summary>Addresses that are prefetched in one block by one panel of rows.</summary>
    private const int PrefetchesAPanel = ProductTile.BlockGroups;

    /// <summary>Panels that <see cref="PackColumns"/> packs together, so that memory is read in long pieces.</summary>
    private const int PanelsAtOnce = 8;

    /// <summary>Terms of them at a time: an even number.</summary>
    private const int DepthAtOnce = 16;

    /// <summary>Units that rows take, packed, for so many groups of k.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="groups">Groups of k.</param>
    public static long Units(ProductTile tile, int rows, long groups) => groups * tile.RowPanels(rows) * tile.PackedRows;

    /// <summary>Rounds rows to bf16 and packs one block of them, k along the rows, panel after panel.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="depth">Columns, at most <see cref="BFloat16Rows.MaxDepth"/>.</param>
    /// <param name="packed">Receives <see cref="Units"/> units.</param>
    public static void PackRows(ProductTile tile, float* a, long lda, int rows, int depth, uint* packed)
    {
        int panels = tile.RowPanels(rows);
        for (int panel = 0; panel < panels; panel++, packed += (depth + 1) / 2 * tile.PackedRows)
        {
            int start = ProductTile.PanelStart(rows, panels, panel);
            PackPanel(tile, a + (start * lda), lda, ProductTile.PanelStart(rows, panels, panel + 1) - start, depth, packed);
        }
    }

    /// <summary>Rounds and packs the rows of one panel.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Rows, at most <see cref="ProductTile.MaxRows"/>.</param>
    /// <param name="depth">Columns, at most <see cref="BFloat16Rows.MaxDepth"/>.</param>
    /// <param name="packed">Receives the panel.</param>
    [SkipLocalsInit]
    public static void PackPanel(ProductTile tile, float* a, long lda, int rows, int depth, uint* packed)
    {
        const int MaximumLanes = 16;
        if (tile.IsRowMajor)
        {
            RoundRows(a, lda, rows, depth, packed);
            return;
        }

        ushort* rounded = stackalloc ushort[MaximumLanes * BFloat16Rows.MaxDepth];
        int lanes = tile.PackingLanes;
        for (int i = 0; i < rows; i += lanes)
        {
            int height = Math.Min(lanes, rows - i);
            for (int row = 0; row < height; row++)
            {
                BFloat16Rows.Round(a + ((i + row) * lda), depth, rounded + (row * BFloat16Rows.MaxDepth));
            }

            BFloat16Rows.Transpose(lanes, rounded, BFloat16Rows.MaxDepth, height, depth, packed + i, tile.PackedRows);
        }
    }

    /// <summary>Rounds columns to bf16 and packs one block of them as rows, k along the columns, panel after panel.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one k to the next.</param>
    /// <param name="columns">Columns: rows of the product.</param>
    /// <param name="depth">Rows: k, at most <see cref="BFloat16Rows.MaxDepth"/>.</param>
    /// <param name="packed">Receives <see cref="Units"/> units.</param>
    [SkipLocalsInit]
    public static void PackColumns(ProductTile tile, float* a, nint lda, int columns, int depth, uint* packed)
    {
        const int MostUnits = (PanelsAtOnce + 1) * Assembly.AmxTileKernel.MaxRows;
        uint* units = stackalloc uint[DepthAtOnce / 2 * MostUnits];
        int panels = tile.RowPanels(columns), groups = (depth + 1) / 2;
        for (int first = 0; first < panels; first += PanelsAtOnce)
        {
            int end = Math.Min(panels, first + PanelsAtOnce);
            int start = ProductTile.PanelStart(columns, panels, first), count = ProductTile.PanelStart(columns, panels, end) - start;
            for (int p = 0; p < depth; p += DepthAtOnce)
            {
                int terms = Math.Min(DepthAtOnce, depth - p);
                BFloat16Rows.RoundPairs(tile.PackingLanes, a + (p * lda) + start, lda, terms, count, units, MostUnits);
                for (int panel = first; panel < end; panel++)
                {
                    int row = ProductTile.PanelStart(columns, panels, panel);
                    uint* destination = packed + ((nint)panel * groups * tile.PackedRows);
                    if (tile.IsRowMajor)
                    {
                        int rows = ProductTile.PanelStart(columns, panels, panel + 1) - row;
                        Transpose(tile.PackingLanes, units + (row - start), MostUnits, (terms + 1) / 2, rows, destination + (p / 2), groups);
                    }
                    else
                    {
                        Spread(units + (row - start), MostUnits, (terms + 1) / 2, destination + (p / 2 * tile.PackedRows), tile.PackedRows);
                    }
                }
            }
        }
    }

    /// <summary>Runs panels of rows over one panel of B: a call for those of each height, and one for those that prefetch.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows of all panels of the operand.</param>
    /// <param name="firstPanel">First panel: <see cref="Assembly.TileArguments.A"/> and <see cref="Assembly.TileArguments.C"/> are at its first row.</param>
    /// <param name="endPanel">One past the last.</param>
    /// <param name="width">Columns.</param>
    /// <param name="arguments">The operands, without <see cref="Assembly.TileArguments.Panels"/>; what it prefetches is for the first panels only.</param>
    /// <param name="prefetches">Addresses to prefetch in all.</param>
    public static void Run(ProductTile tile, int rows, int firstPanel, int endPanel, int width, in Assembly.TileArguments arguments, int prefetches)
    {
        int panels = tile.RowPanels(rows);
        int taller = rows % panels;
        int prefetching = firstPanel + ((prefetches + PrefetchesAPanel - 1) / PrefetchesAPanel);
        int firstRow = ProductTile.PanelStart(rows, panels, firstPanel);
        for (int panel = firstPanel; panel < endPanel;)
        {
            int end = Math.Min(endPanel, panel < taller ? taller : panels);
            Assembly.TileArguments call = arguments;
            if (panel < prefetching)
            {
                end = Math.Min(end, prefetching);
                call.Prefetch += (panel - firstPanel) * ((PrefetchesAPanel * arguments.PrefetchStep) + (PrefetchesAPanel / Assembly.TileKernel.Unroll * arguments.PrefetchJump));
            }
            else
            {
                (call.Prefetch, call.PrefetchStep, call.PrefetchJump) = ((nint)arguments.B, 0, 0);
            }

            call.A += (panel - firstPanel) * arguments.Groups * tile.PackedRows;
            call.C = (byte*)call.C + ((ProductTile.PanelStart(rows, panels, panel) - firstRow) * arguments.RowBytes);
            call.Panels = end - panel;
            tile.Run((rows / panels) + (panel < taller ? 1 : 0), width, ref call);
            panel = end;
        }
    }

    /// <summary>Rounds rows where they lie one after the other; an odd depth is filled up with a zero.</summary>
    private static void RoundRows(float* a, long lda, int rows, int depth, uint* packed)
    {
        int groups = (depth + 1) / 2;
        for (int row = 0; row < rows; row++)
        {
            var rounded = (ushort*)(packed + ((nint)row * groups));
            BFloat16Rows.Round(a + (row * lda), depth, rounded);
            if (depth % 2 != 0)
            {
                rounded[depth] = 0;
            }
        }
    }

    /// <summary>Turns some groups' units of a panel into that many units of each of its rows, and writes no others.</summary>
    private static void Transpose(int lanes, uint* source, nint stride, int groups, int rows, uint* packed, nint rowStride)
    {
        for (int p = 0; p < groups;)
        {
            int count = Math.Min(Math.Min(lanes, DepthAtOnce / 2), groups - p);
            PanelTranspose.Run<SingleWidener>(count, (byte*)(source + (p * stride)), stride * sizeof(uint), count, rows, (float*)packed + p, rowStride);
            p += count;
        }
    }

    /// <summary>Copies a panel's units of some groups; those beyond its rows are not used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(uint* source, nint stride, int groups, uint* packed, int packedRows)
    {
        for (int p = 0; p < groups; p++, source += stride, packed += packedRows)
        {
            Vector256.Load(source).Store(packed);
            if (packedRows > 8)
            {
                Vector256.Load(source + 8).Store(packed + 8);
            }
        }
    }
}
