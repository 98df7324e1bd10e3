using System.Runtime.CompilerServices;
using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C (+)= A · B</c> or <c>A · Bᵀ</c> in bf16 with sums in fp32, B in storage: each worker takes a rectangle of C.</summary>
/// <remarks>
/// As <see cref="WeightProduct{TKernel, TDecoder}"/>: rows of A are rounded and packed, once with all of their k where they fit the second-level
/// cache, else block by block; panels of B are packed just before they are used, into the first-level cache, and all rows pass over them
/// in one call of the kernel. The panel after that is prefetched meanwhile.
/// </remarks>
/// <typeparam name="TPairs">The storage format of B.</typeparam>
internal unsafe struct BFloat16Product<TPairs> : IParallelJob
    where TPairs : struct, IPairDecoder
{
    private const int Depth = BFloat16Rows.MaxDepth;

    public int M, N, K;
    public float* A;
    public long Lda, Ldc;
    public WeightView B;
    public bool BTransposed, Accumulate;
    public float* C;
    public ProductTile Tile;
    private int _lanes;
    private GemmPartition _partition;

    public void Run()
    {
        if (K == 0)
        {
            for (int i = 0; i < M && !Accumulate; i++)
            {
                new Span<float>(C + (i * Ldc), N).Clear();
            }

            return;
        }

        _lanes = Tile.PackingLanes;
        _partition = GemmPartition.Choose(M, N, K, WorkerPool.Shared.WorkerCount, Tile.Lanes).Cut(M, N, K, Tile.Columns, packsRows: true);
        WorkerPool.Shared.Run(_partition.Pieces, ref this);
    }

    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = _partition.Piece(part, M, N, Tile.Lanes, Tile.Columns);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        int rows = rowEnd - rowStart;
        bool keepsAllOfA = (long)rows * K * sizeof(ushort) <= Tile.CachedBytes;
        int depthAtOnce = keepsAllOfA ? K : Math.Min(K, Depth);
        int blocks = keepsAllOfA ? 1 : (int)(((long)rows * depthAtOnce * sizeof(ushort) + Tile.CachedBytes - 1) / Tile.CachedBytes);
        long packedUnits = PackedRows.Units(Tile, (rows + blocks - 1) / blocks, (depthAtOnce + 1) / 2);
        uint* packedB = (uint*)ThreadScratch.Get(Gemm.ScratchSlot, (nuint)((ProductTile.BlockGroups * Tile.Columns) + packedUnits) * sizeof(uint));
        uint* packedA = packedB + (ProductTile.BlockGroups * Tile.Columns);
        for (int block = 0; block < blocks; block++)
        {
            int start = rowStart + (int)((long)rows * block / blocks);
            int end = rowStart + (int)((long)rows * (block + 1) / blocks);
            for (int p = 0; p < K; p += depthAtOnce)
            {
                RowBlock(start, end - start, columnStart, columnEnd, p, Math.Min(K, p + depthAtOnce), packedA, packedB);
            }
        }
    }

    /// <summary>Some rows, all columns of the piece, some terms: one block of them, or all.</summary>
    private readonly void RowBlock(int row, int rows, int columnStart, int columnEnd, int start, int end, uint* packedA, uint* packedB)
    {
        for (int p = start; p < end; p += Depth)
        {
            PackedRows.Pack(Tile, _lanes, A + (row * Lda) + p, Lda, rows, Math.Min(Depth, end - p), packedA + PackedRows.Units(Tile, rows, (p - start) / 2));
        }

        for (int j = columnStart; j < columnEnd; j += Tile.Columns)
        {
            int width = Math.Min(Tile.Columns, columnEnd - j);
            for (int p = start; p < end; p += Depth)
            {
                int depth = Math.Min(Depth, end - p);
                PackB(j, width, p, depth, packedB);
                bool isLast = p + Depth >= end;
                (int nextColumn, int nextP) = !isLast ? (j, p + Depth) : j + Tile.Columns < columnEnd ? (j + Tile.Columns, start) : (columnStart, Math.Min(end, K - 1));
                var arguments = new TileArguments
                {
                    A = packedA + PackedRows.Units(Tile, rows, (p - start) / 2),
                    B = packedB,
                    C = C + (row * Ldc) + j,
                    RowBytes = (nint)Ldc * sizeof(float),
                    Groups = (depth + 1) / 2,
                    Accumulate = Accumulate || p > 0 ? 1 : 0,
                };
                Prefetch(nextColumn, nextP, ref arguments, out int addresses);
                PackedRows.Run(Tile, rows, width, arguments, addresses);
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
        addresses = Math.Min(Depth, K - p);
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
