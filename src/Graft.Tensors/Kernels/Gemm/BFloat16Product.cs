using System.Runtime.CompilerServices;
using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C (+)= A · B</c> or <c>A · Bᵀ</c> in bf16 with sums in fp32, A packed and B in storage: each worker takes a rectangle of C.</summary>
/// <remarks>
/// Panels of B are packed just before they are used, into the first-level cache, and all rows pass over them in one call of the kernel. The
/// panel after that is prefetched meanwhile. Where a worker's rows of A fit the second-level cache with all of their k, columns are the outer loop, so
/// that C's stay in cache until their sums are complete; otherwise k is.
/// </remarks>
/// <typeparam name="TPairs">The storage format of B.</typeparam>
internal unsafe struct BFloat16Product<TPairs> : IParallelJob
    where TPairs : struct, IPairDecoder
{
    private const int Depth = BFloat16Rows.MaxDepth;

    public BFloat16Operand A;
    public int N;
    public long Ldc;
    public WeightView B;
    public bool BTransposed, Accumulate;
    public float* C;
    private int _lanes;
    private GemmPartition _partition;

    private readonly ProductTile Tile => A.Tile;

    public void Run()
    {
        if (A.Columns == 0)
        {
            for (int i = 0; i < A.Rows && !Accumulate; i++)
            {
                new Span<float>(C + (i * Ldc), N).Clear();
            }

            return;
        }

        _lanes = Tile.PackingLanes;
        int height = (A.Rows + A.Panels - 1) / A.Panels;
        _partition = GemmPartition.Choose(A.Panels, N, A.Columns, WorkerPool.Shared.WorkerCount, Tile.Lanes, height).Cut(A.Panels, N, A.Columns * height, Tile.Columns, packsRows: false);
        WorkerPool.Shared.Run(_partition.Pieces, ref this);
    }

    public readonly void Execute(int part)
    {
        (int panelStart, int panelEnd, int columnStart, int columnEnd) = _partition.Piece(part, A.Panels, N, Tile.Lanes, Tile.Columns);
        if (panelStart == panelEnd || columnStart == columnEnd)
        {
            return;
        }

        int panels = panelEnd - panelStart;
        long panelBytes = (long)Tile.PackedRows * sizeof(ushort);
        bool takesAllOfK = panels * panelBytes * A.Columns <= Tile.CachedBytes;
        int depthAtOnce = takesAllOfK ? A.Columns : Depth;
        int blocks = takesAllOfK ? 1 : (int)(((panels * panelBytes * depthAtOnce) + Tile.CachedBytes - 1) / Tile.CachedBytes);
        uint* packedB = (uint*)ThreadScratch.Get(Gemm.ScratchSlot, (nuint)(ProductTile.BlockGroups * Tile.Columns) * sizeof(uint));
        for (int block = 0; block < blocks; block++)
        {
            int start = panelStart + (int)((long)panels * block / blocks);
            int end = panelStart + (int)((long)panels * (block + 1) / blocks);
            for (int p = A.First; p < A.End; p += depthAtOnce)
            {
                Panels(start, end, columnStart, columnEnd, p, Math.Min(A.End, p + depthAtOnce), packedB);
            }
        }
    }

    /// <summary>Some panels of rows, all columns of the piece, some terms: one block of them, or all.</summary>
    private readonly void Panels(int panel, int panelEnd, int columnStart, int columnEnd, int start, int end, uint* packedB)
    {
        int row = ProductTile.PanelStart(A.Rows, A.Panels, panel);
        for (int j = columnStart; j < columnEnd; j += Tile.Columns)
        {
            int width = Math.Min(Tile.Columns, columnEnd - j);
            for (int p = start; p < end; p += Depth)
            {
                int depth = Math.Min(Depth, end - p);
                PackB(j, width, p, depth, packedB);
                bool isLast = p + Depth >= end;
                (int nextColumn, int nextP) = !isLast ? (j, p + Depth) : j + Tile.Columns < columnEnd ? (j + Tile.Columns, start) : (columnStart, Math.Min(end, A.End - 1));
                var arguments = new TileArguments
                {
                    A = A.At(p, panel),
                    B = packedB,
                    C = C + (row * Ldc) + j,
                    RowBytes = (nint)Ldc * sizeof(float),
                    Groups = (depth + 1) / 2,
                    Accumulate = Accumulate || p > A.First ? 1 : 0,
                };
                Prefetch(nextColumn, nextP, ref arguments, out int addresses);
                PackedRows.Run(Tile, A.Rows, panel, panelEnd, width, arguments, addresses);
            }
        }
    }

    /// <summary>Where the next panel of B is stored: eight addresses in each of its rows, or the first of each k.</summary>
    private readonly void Prefetch(int column, int p, ref TileArguments arguments, out int addresses)
    {
        if (BTransposed)
        {
            byte* address = TPairs.Address(B, column, p);
            nint rowBytes = (nint)(TPairs.Address(B, column + 1, p) - address);
            nint step = (nint)(TPairs.Address(B, column, p + Depth) - address) / TileKernel.Unroll;
            (arguments.Prefetch, arguments.PrefetchStep, arguments.PrefetchJump) = ((nint)address, step, rowBytes - (step * TileKernel.Unroll));
            addresses = TileKernel.Unroll * Math.Min(Tile.Columns, N - column);
            return;
        }

        byte* first = TPairs.Address(B, p, column);
        (arguments.Prefetch, arguments.PrefetchStep, arguments.PrefetchJump) = ((nint)first, (nint)(TPairs.Address(B, p + 1, column) - first), 0);
        addresses = Math.Min(Depth, A.End - p);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackB(int column, int width, int p, int depth, uint* packed)
    {
        int tileWidth = (width + Tile.Lanes - 1) / Tile.Lanes * Tile.Lanes;
        if (BTransposed)
        {
            for (int j = 0; j < tileWidth; j += _lanes)
            {
                int first = Math.Min(j, width - 1);
                TPairs.PackTransposed(_lanes, B, column + first, Math.Clamp(width - j, 1, _lanes), p, depth, packed + j, tileWidth);
            }

            return;
        }

        if (width < tileWidth)
        {
            new Span<uint>(packed, (depth + 1) / 2 * tileWidth).Clear();
        }

        TPairs.PackRows(_lanes, B, p, depth, column, width, packed, tileWidth);
    }
}
