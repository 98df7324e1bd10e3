using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Steps that all the products share: splitting rows into panels, packing A, running one tile.</summary>
internal static unsafe class GemmTile
{
    /// <summary>Terms that are summed before the sum is added to C. Part of the numerical contract: equal for all shapes and machines.</summary>
    public const int Depth = 192;

    /// <summary>Rows up to which A is read where it is: more of them, a power of two apart, do not fit the ways of the second-level cache.</summary>
    private const int MostRowsInPlace = 128;

    /// <summary>Bytes of A that a worker keeps in its second-level cache: 512 KiB on most CPUs without AVX-512, 1 MiB and more on those with it.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    public static int CachedBytes<TKernel>()
        where TKernel : struct, IMicrokernel
        => TKernel.Lanes == 16 ? 768 * 1024 : 256 * 1024;

    /// <summary>Whether so many rows of A are read where they are, rather than packed.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="rows">Rows.</param>
    public static bool ReadsInPlace<TKernel>(int rows)
        where TKernel : struct, IMicrokernel
        => TKernel.ReadsRows && rows <= MostRowsInPlace;

    /// <summary>Columns of the widest tile.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    public static int PanelWidth<TKernel>()
        where TKernel : struct, IMicrokernel
        => TKernel.Lanes * TKernel.MaxVectors;

    /// <summary>Number of panels that <paramref name="rows"/> rows are split into.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="rows">Rows.</param>
    public static int RowPanels<TKernel>(int rows)
        where TKernel : struct, IMicrokernel
        => (rows + TKernel.MaxRows - 1) / TKernel.MaxRows;

    /// <summary>First row of a panel; panels differ by one row at most, since a tile of few rows is a slow one, and the larger come first.</summary>
    /// <param name="rows">Rows in all.</param>
    /// <param name="panels">Panels in all.</param>
    /// <param name="panel">Index of the panel.</param>
    public static int PanelStart(int rows, int panels, int panel) => rows - (int)((long)rows * (panels - panel) / panels);

    /// <summary>Packs rows of A, transposed, panel after panel.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="depth">Columns.</param>
    /// <param name="packed">Panels of depth · <see cref="IMicrokernel.PackedRows"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRows<TKernel>(float* a, long lda, int rows, int depth, float* packed)
        where TKernel : struct, IMicrokernel
    {
        int panels = RowPanels<TKernel>(rows);
        for (int panel = 0; panel < panels; panel++)
        {
            int start = PanelStart(rows, panels, panel);
            int count = PanelStart(rows, panels, panel + 1) - start;
            PackRowPanel<TKernel>(a + (start * lda), lda, count, rows - start, depth, packed);
            packed += depth * TKernel.PackedRows;
        }
    }

    /// <summary>Packs the rows of one panel of A, transposed.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="a">First element of the block.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="rows">Rows of the panel.</param>
    /// <param name="available">Rows that may be read: a full vector of them is faster than the panel's own.</param>
    /// <param name="depth">Columns.</param>
    /// <param name="packed">depth · <see cref="IMicrokernel.PackedRows"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PackRowPanel<TKernel>(float* a, long lda, int rows, int available, int depth, float* packed)
        where TKernel : struct, IMicrokernel
    {
        for (int i = 0; i < rows; i += TKernel.Lanes)
        {
            PanelTranspose.Run<SingleWidener>(
                TKernel.Lanes, (byte*)(a + (i * lda)), (nint)lda * sizeof(float), Math.Min(available - i, TKernel.Lanes), depth, packed + i, TKernel.PackedRows);
        }
    }

    /// <summary>One tile of C; where the tile is wider than C, through <paramref name="spare"/>, with the same arithmetic.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="width">Columns of C that the tile covers.</param>
    /// <param name="depth">Terms.</param>
    /// <param name="a">Panel of A.</param>
    /// <param name="aRow">Elements from one row to the next in A.</param>
    /// <param name="aStep">Elements from one k to the next in A.</param>
    /// <param name="b">Panel of B.</param>
    /// <param name="bStep">Elements from one k to the next in B.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C.</param>
    /// <param name="spare">Room for a tile.</param>
    /// <param name="walk">What to prefetch meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TKernel>(int rows, int width, int depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate, float* spare, in PrefetchWalk walk)
        where TKernel : struct, IMicrokernel
    {
        int vectors = (width + TKernel.Lanes - 1) / TKernel.Lanes;
        int tileWidth = vectors * TKernel.Lanes;
        if (tileWidth == width)
        {
            TKernel.Run(rows, vectors, depth, a, aRow, aStep, b, bStep, c, ldc, accumulate, walk);
            return;
        }

        TKernel.Run(rows, vectors, depth, a, aRow, aStep, b, bStep, spare, tileWidth, accumulate: false, walk);
        if (accumulate)
        {
            ShortRow.Add(spare, tileWidth, width, rows, c, ldc);
        }
        else
        {
            ShortRow.Copy(spare, tileWidth, width, rows, c, ldc);
        }
    }
}
