using System.Runtime.CompilerServices;

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

    /// <summary>Rounds rows to bf16 and packs one block of them, panel after panel.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="lanes">Vector length to work with.</param>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="depth">Columns, at most <see cref="BFloat16Rows.MaxDepth"/>.</param>
    /// <param name="packed">Receives <see cref="Units"/> units.</param>
    [SkipLocalsInit]
    public static void Pack(ProductTile tile, int lanes, float* a, long lda, int rows, int depth, uint* packed)
    {
        const int MaximumLanes = 16;
        ushort* rounded = stackalloc ushort[MaximumLanes * BFloat16Rows.MaxDepth];
        int panels = tile.RowPanels(rows);
        int pairs = (depth + 1) / 2;
        for (int panel = 0; panel < panels; panel++)
        {
            int start = ProductTile.PanelStart(rows, panels, panel);
            int count = ProductTile.PanelStart(rows, panels, panel + 1) - start;
            for (int i = 0; i < count; i += lanes)
            {
                int height = Math.Min(lanes, count - i);
                for (int row = 0; row < height; row++)
                {
                    BFloat16Rows.Round(a + ((start + i + row) * lda), depth, rounded + (row * BFloat16Rows.MaxDepth));
                }

                BFloat16Rows.Transpose(lanes, rounded, BFloat16Rows.MaxDepth, height, depth, packed + i, tile.PackedRows);
            }

            packed += (nint)pairs * tile.PackedRows;
        }
    }

    /// <summary>Runs all panels of rows over one panel of B: a call for those of each height, and one for those that prefetch.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="arguments">The operands, without <see cref="Assembly.TileArguments.Panels"/>; what it prefetches is for the first panels only.</param>
    /// <param name="prefetches">Addresses to prefetch in all.</param>
    public static void Run(ProductTile tile, int rows, int width, in Assembly.TileArguments arguments, int prefetches)
    {
        int panels = tile.RowPanels(rows);
        int taller = rows % panels;
        int prefetching = (prefetches + PrefetchesAPanel - 1) / PrefetchesAPanel;
        for (int panel = 0; panel < panels;)
        {
            int end = panel < taller ? taller : panels;
            Assembly.TileArguments call = arguments;
            if (panel < prefetching)
            {
                end = Math.Min(end, prefetching);
                call.Prefetch += panel * ((PrefetchesAPanel * arguments.PrefetchStep) + (PrefetchesAPanel / Assembly.TileKernel.Unroll * arguments.PrefetchJump));
            }
            else
            {
                (call.Prefetch, call.PrefetchStep, call.PrefetchJump) = ((nint)arguments.B, 0, 0);
            }

            call.A += panel * arguments.Groups * tile.PackedRows;
            call.C = (byte*)call.C + (ProductTile.PanelStart(rows, panels, panel) * arguments.RowBytes);
            call.Panels = end - panel;
            tile.Run((rows / panels) + (panel < taller ? 1 : 0), width, ref call);
            panel = end;
        }
    }
}
