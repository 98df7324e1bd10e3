using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C (+)= A · B</c> or <c>A · Bᵀ</c> with B in storage: each worker takes a rectangle of C.</summary>
/// <remarks>
/// A panel of B is decoded and packed just before it is used, into a buffer that stays in the first-level cache while all rows
/// pass over it. A is packed once where it fits the second-level cache with all of its k; C's columns then stay in cache too
/// until their sums are complete. Otherwise k is the outer loop. Each worker packs what it needs: there are no barriers.
/// </remarks>
/// <typeparam name="TKernel">The microkernel.</typeparam>
/// <typeparam name="TDecoder">The storage format of B.</typeparam>
internal unsafe struct WeightProduct<TKernel, TDecoder> : IParallelJob
    where TKernel : struct, IMicrokernel
    where TDecoder : struct, IPanelDecoder
{
    /// <summary>Bytes of packed A that a worker keeps.</summary>
    private const int PackedBytes = 768 * 1024;

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

    public void Run()
    {
        if (K == 0)
        {
            Clear();
            return;
        }

        Partition = GemmPartition.Choose(M, N, K, WorkerPool.Shared.WorkerCount, TKernel.Lanes);
        WorkerPool.Shared.Run(Partition.Parts, ref this);
    }

    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = Partition.Range(part, M, N, TKernel.Lanes);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        if (columnEnd - columnStart <= NarrowPanels * PanelWidth && (long)K * PanelWidth * NarrowPanels * sizeof(float) <= PackedBytes)
        {
            RowsOutermost(rowStart, rowEnd - rowStart, columnStart, columnEnd - columnStart);
            return;
        }

        long bytesPerRow = (long)K * sizeof(float);
        bool keepAllOfA = (rowEnd - rowStart) * bytesPerRow <= PackedBytes;
        int rowsAtOnce = keepAllOfA ? rowEnd - rowStart : PackedBytes / (Math.Min(K, GemmTile.Depth) * sizeof(float));
        int blocks = (rowEnd - rowStart + rowsAtOnce - 1) / rowsAtOnce;
        int maxRows = (rowEnd - rowStart + blocks - 1) / blocks;
        long packedFloats = (long)GemmTile.RowPanels<TKernel>(maxRows) * TKernel.PackedRows * (keepAllOfA ? K : Math.Min(K, GemmTile.Depth));
        packedFloats = (packedFloats + 15) & ~15L;
        float* packedA = ThreadScratch.GetSingles(Gemm.ScratchSlot, packedFloats + ((GemmTile.Depth + TKernel.MaxRows) * PanelWidth));
        float* packedB = packedA + packedFloats;

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
        nint packedPerDepth = GemmTile.RowPanels<TKernel>(rows) * TKernel.PackedRows;
        for (int p = 0; p < K; p += GemmTile.Depth)
        {
            GemmTile.PackRows<TKernel>(A + (row * Lda) + p, Lda, rows, Math.Min(GemmTile.Depth, K - p), packedA + (packedPerDepth * p));
        }

        for (int j = columnStart; j < columnEnd; j += PanelWidth)
        {
            int width = Math.Min(PanelWidth, columnEnd - j);
            for (int p = 0; p < K; p += GemmTile.Depth)
            {
                bool lastOfColumn = p + GemmTile.Depth >= K;
                (int nextColumn, int nextP) = lastOfColumn ? (j + PanelWidth, 0) : (j, p + GemmTile.Depth);
                Panel(row, rows, j, width, p, nextColumn < columnEnd ? nextColumn : j, nextP, packedA + (packedPerDepth * p), packedB);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void DepthOutermost(int row, int rows, int columnStart, int columnEnd, float* packedA, float* packedB)
    {
        for (int p = 0; p < K; p += GemmTile.Depth)
        {
            GemmTile.PackRows<TKernel>(A + (row * Lda) + p, Lda, rows, Math.Min(GemmTile.Depth, K - p), packedA);
            for (int j = columnStart; j < columnEnd; j += PanelWidth)
            {
                (int nextColumn, int nextP) = j + PanelWidth < columnEnd ? (j + PanelWidth, p) : (columnStart, Math.Min(p + GemmTile.Depth, K - 1));
                Panel(row, rows, j, Math.Min(PanelWidth, columnEnd - j), p, nextColumn, nextP, packedA, packedB);
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
        float* spare = packedB + ((nint)K * paddedColumns);
        for (int p = 0; p < K; p += GemmTile.Depth)
        {
            int depth = Math.Min(GemmTile.Depth, K - p);
            for (int j = 0; j < columns; j += PanelWidth)
            {
                PackB(column + j, Math.Min(PanelWidth, columns - j), p, depth, packedB + ((nint)p * paddedColumns) + (depth * j), Math.Min(PanelWidth, paddedColumns - j));
            }
        }

        int panels = GemmTile.RowPanels<TKernel>(rows);
        for (int panel = 0; panel < panels; panel++)
        {
            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            for (int p = 0; p < K; p += GemmTile.Depth)
            {
                int depth = Math.Min(GemmTile.Depth, K - p);
                float* a = A + ((row + start) * Lda) + p;
                GemmTile.PackRowPanel<TKernel>(a, Lda, count, rows - start, depth, packedA);
                PrefetchWalk walk = NextOfA(a, p);
                for (int j = 0; j < columns; j += PanelWidth)
                {
                    GemmTile.Run<TKernel>(
                        count, Math.Min(PanelWidth, columns - j), depth, packedA, TKernel.PackedRows,
                        packedB + ((nint)p * paddedColumns) + (depth * j), Math.Min(PanelWidth, paddedColumns - j),
                        C + ((row + start) * Ldc) + column + j, (nint)Ldc, Accumulate || p > 0, spare, walk);
                }
            }
        }
    }

    /// <summary>What follows in A: the same rows' next block of k, or the next panel's first.</summary>
    private readonly PrefetchWalk NextOfA(float* a, int p)
    {
        const int BlockBytes = GemmTile.Depth * sizeof(float);
        float* next = p + GemmTile.Depth < K ? a + GemmTile.Depth : a - p + (TKernel.MaxRows * Lda);
        return new PrefetchWalk((byte*)next, BlockBytes / PrefetchWalk.Segment, ((nint)Lda * sizeof(float)) - BlockBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Panel(int row, int rows, int column, int width, int p, int nextColumn, int nextP, float* packedA, float* packedB)
    {
        int depth = Math.Min(GemmTile.Depth, K - p);
        int tileWidth = (width + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes;
        float* spare = packedB + (GemmTile.Depth * PanelWidth);
        PackB(column, width, p, depth, packedB, tileWidth);
        int panels = GemmTile.RowPanels<TKernel>(rows);
        for (int panel = 0; panel < panels; panel++)
        {
            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            GemmTile.Run<TKernel>(
                count, width, depth, packedA, TKernel.PackedRows, packedB, tileWidth,
                C + ((row + start) * Ldc) + column, (nint)Ldc, Accumulate || p > 0, spare, Walk(panel, nextColumn, nextP, spare));
            packedA += depth * TKernel.PackedRows;
        }
    }

    /// <summary>The share of the next panel of B that the tile of row panel <paramref name="panel"/> prefetches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly PrefetchWalk Walk(int panel, int column, int p, float* idle)
    {
        const int LineBytes = 64;
        if (BTransposed)
        {
            // Sixteen rows a tile, a row in each segment: 16 steps over what is stored of it between p and p + Depth.
            int row = column + (PrefetchWalk.Segment * panel);
            if (PrefetchWalk.Segment * panel < PanelWidth && row < N)
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
            if (LineBytes * panel < TDecoder.Address(B, p, column + PanelWidth) - address)
            {
                return new PrefetchWalk(address + (LineBytes * panel), (nint)(TDecoder.Address(B, p + 1, column) - address), 0);
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
