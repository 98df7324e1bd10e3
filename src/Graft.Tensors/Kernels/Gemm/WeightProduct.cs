using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C (+)= A · B</c> or <c>A · Bᵀ</c> with B in storage: each worker takes a rectangle of C.</summary>
/// <remarks>
/// A panel of B is decoded and packed just before it is used, or while its first tile uses it, into a buffer that stays in the
/// first-level cache while all rows pass over it. A few rows of A are read where they are. More are packed: once where they fit the
/// second-level cache with all of their k, so that C's columns stay in cache too until their sums are complete; otherwise k is the
/// outer loop. Each worker packs what it needs: there are no barriers.
/// </remarks>
/// <typeparam name="TKernel">The microkernel.</typeparam>
/// <typeparam name="TDecoder">The storage format of B.</typeparam>
internal unsafe struct WeightProduct<TKernel, TDecoder> : IParallelJob
    where TKernel : struct, IMicrokernel
    where TDecoder : struct, IPanelDecoder
{
    /// <summary>Panels up to which B is packed first and A's panels pass by, rather than the other way round.</summary>
    private const int NarrowPanels = 2;

    public int M, N, K;
    public float* A;
    public long Lda, Ldc;
    public WeightView B;
    public bool BTransposed, Accumulate;
    public float* C;
    public GemmPartition Partition;

    private static int PanelWidth => GemmTile.PanelWidth<TKernel>();

    /// <summary>Panels of B that are packed together, a row across all of them: a format may be slow to enter in the middle of a block.</summary>
    private readonly int PanelsAtOnce => BTransposed ? 1 : TDecoder.PanelsAtOnce;

    public void Run()
    {
        if (K == 0)
        {
            Clear();
            return;
        }

        Partition = GemmPartition.Choose(M, N, K, WorkerPool.Shared.WorkerCount, TKernel.Lanes).Cut(M, N, K, PanelWidth, packsRows: !GemmTile.ReadsInPlace<TKernel>(M));
        WorkerPool.Shared.Run(Partition.Pieces, ref this);
    }

    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = Partition.Piece(part, M, N, TKernel.Lanes, PanelWidth);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        int cachedBytes = GemmTile.CachedBytes<TKernel>();
        if (columnEnd - columnStart <= NarrowPanels * PanelWidth && (long)K * (columnEnd - columnStart) * sizeof(float) <= cachedBytes)
        {
            RowsOutermost(rowStart, rowEnd - rowStart, columnStart, columnEnd - columnStart);
            return;
        }

        long bytesPerRow = (long)K * sizeof(float);
        bool keepAllOfA = (rowEnd - rowStart) * bytesPerRow <= cachedBytes;
        int rowsAtOnce = keepAllOfA ? rowEnd - rowStart : cachedBytes / (Math.Min(K, GemmTile.Depth) * sizeof(float));
        int blocks = (rowEnd - rowStart + rowsAtOnce - 1) / rowsAtOnce;
        int maxRows = (rowEnd - rowStart + blocks - 1) / blocks;
        long packedFloats = (long)GemmTile.RowPanels<TKernel>(maxRows) * TKernel.PackedRows * (keepAllOfA ? K : Math.Min(K, GemmTile.Depth));
        packedFloats = GemmTile.ReadsInPlace<TKernel>(maxRows) ? 0 : (packedFloats + 15) & ~15L;
        float* scratch = ThreadScratch.GetSingles(Gemm.ScratchSlot, packedFloats + (((PanelsAtOnce * GemmTile.Depth) + TKernel.MaxRows) * PanelWidth));
        float* packedA = packedFloats == 0 ? null : scratch;
        float* packedB = scratch + packedFloats;

        for (int block = 0; block < blocks; block++)
        {
            int start = rowStart + (int)((long)(rowEnd - rowStart) * block / blocks);
            int end = rowStart + (int)((long)(rowEnd - rowStart) * (block + 1) / blocks);
            if (keepAllOfA)
            {
                ColumnsOutermost(start, end - start, columnStart, columnEnd, packedA, packedB);
            }
            else
            {
                DepthOutermost(start, end - start, columnStart, columnEnd, packedA, packedB);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ColumnsOutermost(int row, int rows, int columnStart, int columnEnd, float* packedA, float* packedB)
    {
        nint packedPerDepth = packedA == null ? 0 : GemmTile.RowPanels<TKernel>(rows) * TKernel.PackedRows;
        for (int p = 0; p < K && packedA != null; p += GemmTile.Depth)
        {
            GemmTile.PackRows<TKernel>(A + (row * Lda) + p, Lda, rows, Math.Min(GemmTile.Depth, K - p), packedA + (packedPerDepth * p));
        }

        int columnsAtOnce = PanelsAtOnce * PanelWidth;
        for (int first = columnStart; first < columnEnd; first += columnsAtOnce)
        {
            int end = Math.Min(columnEnd, first + columnsAtOnce);
            for (int p = 0; p < K; p += GemmTile.Depth)
            {
                bool lastOfColumn = p + GemmTile.Depth >= K;
                (int nextColumn, int nextP) = lastOfColumn ? (end, 0) : (first, p + GemmTile.Depth);
                Panels(row, rows, first, end, p, nextColumn < columnEnd ? nextColumn : first, nextP, packedA + (packedPerDepth * p), packedB);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void DepthOutermost(int row, int rows, int columnStart, int columnEnd, float* packedA, float* packedB)
    {
        for (int p = 0; p < K; p += GemmTile.Depth)
        {
            if (packedA != null)
            {
                GemmTile.PackRows<TKernel>(A + (row * Lda) + p, Lda, rows, Math.Min(GemmTile.Depth, K - p), packedA);
            }

            int columnsAtOnce = PanelsAtOnce * PanelWidth;
            for (int first = columnStart; first < columnEnd; first += columnsAtOnce)
            {
                int end = Math.Min(columnEnd, first + columnsAtOnce);
                (int nextColumn, int nextP) = end < columnEnd ? (end, p) : (columnStart, Math.Min(p + GemmTile.Depth, K - 1));
                Panels(row, rows, first, end, p, nextColumn, nextP, packedA, packedB);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void RowsOutermost(int row, int rows, int column, int columns)
    {
        int paddedColumns = (columns + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes;
        float* packedA = ThreadScratch.GetSingles(
            Gemm.ScratchSlot, (GemmTile.Depth * TKernel.PackedRows) + ((long)K * paddedColumns) + (TKernel.MaxRows * PanelWidth));
        float* packedB = packedA + (GemmTile.Depth * TKernel.PackedRows);
        int panels = GemmTile.RowPanels<TKernel>(rows);
        for (int panel = 0; panel < panels; panel++)
        {
            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            for (int p = 0; p < K; p += GemmTile.Depth)
            {
                RowPanel(row + start, count, rows - start, column, columns, p, panel == 0, packedA, packedB + ((nint)p * paddedColumns), packedB + ((nint)K * paddedColumns));
            }
        }
    }

    /// <summary>One row panel over one block of k; the first one packs B on its way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void RowPanel(int row, int count, int available, int column, int columns, int p, bool isFirst, float* packedA, float* packedB, float* spare)
    {
        int depth = Math.Min(GemmTile.Depth, K - p);
        float* a = A + (row * Lda) + p;
        PrefetchWalk walk = NextOfA(a, p);
        nint aRow = (nint)Lda;
        nint aStep = 1;
        if (!TKernel.ReadsRows)
        {
            GemmTile.PackRowPanel<TKernel>(a, Lda, count, available, depth, packedA);
            a = packedA;
            aRow = 1;
            aStep = TKernel.PackedRows;
        }

        for (int j = 0; j < columns; j += PanelWidth)
        {
            int width = Math.Min(PanelWidth, columns - j);
            float* c = C + (row * Ldc) + column + j;
            Tile(count, column + j, width, p, depth, a, aRow, aStep, packedB + (depth * j), c, spare, isFirst, walk);
        }
    }

    /// <summary>A tile; with <paramref name="packs"/> its panel of B has to be packed first, or meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Tile(
        int rows, int column, int width, int p, int depth, float* a, nint aRow, nint aStep, float* packedB, float* c, float* spare, bool packs, in PrefetchWalk walk)
    {
        int tileWidth = (width + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes;
        if (packs && PacksWhileRunning(width))
        {
            TDecoder.RunPacking<TKernel>(B, p, column, rows, depth, a, aRow, aStep, packedB, c, (nint)Ldc, Accumulate || p > 0);
            return;
        }

        if (packs)
        {
            PackB(column, width, p, depth, packedB, tileWidth);
        }

        GemmTile.Run<TKernel>(rows, width, depth, a, aRow, aStep, packedB, tileWidth, c, (nint)Ldc, Accumulate || p > 0, spare, walk);
    }

    /// <summary>What follows in A: the same rows' next block of k, or the next panel's first.</summary>
    private readonly PrefetchWalk NextOfA(float* a, int p)
    {
        const int BlockBytes = GemmTile.Depth * sizeof(float);
        float* next = p + GemmTile.Depth < K ? a + GemmTile.Depth : a - p + (TKernel.MaxRows * Lda);
        return new PrefetchWalk((byte*)next, BlockBytes / PrefetchWalk.Segment, ((nint)Lda * sizeof(float)) - BlockBytes);
    }

    /// <summary>All rows over the panels that are packed together: usually one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Panels(int row, int rows, int first, int end, int p, int nextColumn, int nextP, float* packedA, float* packedB)
    {
        float* spare = packedB + (PanelsAtOnce * GemmTile.Depth * PanelWidth);
        if (PanelsAtOnce == 1)
        {
            Panel(row, rows, first, end - first, p, nextColumn, nextP, packedA, packedB, spare, packs: true);
            return;
        }

        TDecoder.DecodePanels(TKernel.Lanes, B, p, Math.Min(GemmTile.Depth, K - p), first, end - first, PanelWidth, packedB, GemmTile.Depth * PanelWidth);
        for (int column = first; column < end; column += PanelWidth, packedB += GemmTile.Depth * PanelWidth)
        {
            Panel(row, rows, column, Math.Min(PanelWidth, end - column), p, nextColumn, nextP, packedA, packedB, spare, packs: false);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Panel(int row, int rows, int column, int width, int p, int nextColumn, int nextP, float* packedA, float* packedB, float* spare, bool packs)
    {
        int depth = Math.Min(GemmTile.Depth, K - p);
        int panels = GemmTile.RowPanels<TKernel>(rows);
        int firstWalk = PacksWhileRunning(width) ? 1 : 0;
        for (int panel = 0; panel < panels; panel++)
        {
            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            float* a = packedA == null ? A + ((row + start) * Lda) + p : packedA + ((nint)panel * depth * TKernel.PackedRows);
            (nint aRow, nint aStep) = packedA == null ? ((nint)Lda, (nint)1) : (1, TKernel.PackedRows);
            Tile(
                count, column, width, p, depth, a, aRow, aStep, packedB, C + ((row + start) * Ldc) + column, spare, packs && panel == 0, Walk(panel - firstWalk, nextColumn, nextP, spare));
        }
    }

    /// <summary>Whether the first tile packs its panel of B as it goes: rows of B lie along the tile.</summary>
    private readonly bool PacksWhileRunning(int width) => TDecoder.RunsPacking && !BTransposed && width == PanelWidth;

    /// <summary>The share of the next panel of B that the tile of row panel <paramref name="panel"/> prefetches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly PrefetchWalk Walk(int panel, int column, int p, float* idle)
    {
        if (BTransposed)
        {
            // Twelve rows a tile, a row in each segment: 16 steps over what is stored of it between p and p + Depth.
            const int Segments = GemmTile.Depth / PrefetchWalk.Segment;
            int row = column + (Segments * panel);
            if (Segments * panel < PanelWidth && row < N)
            {
                byte* address = TDecoder.Address(B, row, p);
                nint rowBytes = (nint)(TDecoder.Address(B, row + 1, p) - address);
                nint step = (nint)(TDecoder.Address(B, row, p + GemmTile.Depth) - address) / PrefetchWalk.Segment;
                return new PrefetchWalk(address, step, rowBytes - (step * PrefetchWalk.Segment));
            }
        }
        else
        {
            // One line of each of the Depth rows a tile.
            byte* address = TDecoder.Address(B, p, column);
            if (panel >= 0 && CacheLine.Bytes * panel < TDecoder.Address(B, p, column + PanelWidth) - address)
            {
                return new PrefetchWalk(address + (CacheLine.Bytes * panel), (nint)(TDecoder.Address(B, p + 1, column) - address), 0);
            }
        }

        return new PrefetchWalk((byte*)idle, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackB(int column, int width, int p, int depth, float* packed, int tileWidth)
    {
        if (BTransposed)
        {
            for (int j = 0; j < width; j += TKernel.Lanes)
            {
                TDecoder.DecodeTransposed(TKernel.Lanes, B, column + j, Math.Min(TKernel.Lanes, width - j), p, depth, packed + j, tileWidth);
            }

            return;
        }

        if (width < tileWidth)
        {
            new Span<float>(packed, depth * tileWidth).Clear();
        }

        TDecoder.DecodeRows(TKernel.Lanes, B, p, depth, column, width, packed, tileWidth);
    }

    private readonly void Clear()
    {
        for (int i = 0; i < M && !Accumulate; i++)
        {
            new Span<float>(C + (i * Ldc), N).Clear();
        }
    }
}
