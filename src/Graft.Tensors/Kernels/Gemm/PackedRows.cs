namespace Graft.Tensors.Kernels;

/// <summary>Rows of A packed for a <see cref="ProductTile"/>, and their passage over one panel of B.</summary>
internal static unsafe class PackedRows
{
    /// <summary>Addresses that are prefetched in one block by one panel of rows.</summary>
    private const int PrefetchesAPanel = ProductTile.BlockGroups;

    /// <summary>Units that rows take, packed, for so many groups of k.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="groups">Groups of k.</param>
    public static long Units(ProductTile tile, int rows, long groups) => groups * tile.RowPanels(rows) * tile.PackedRows;

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
}
