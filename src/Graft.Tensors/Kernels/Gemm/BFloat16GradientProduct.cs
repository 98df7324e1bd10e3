using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C += Aᵀ · B</c> in bf16 with sums in fp32, sequence by sequence, A and B in fp32 with one row a token: each worker takes a rectangle of C.</summary>
/// <remarks>
/// Tokens are k: two neighbouring rows, rounded, are a row of units, so nothing is transposed. A worker packs its columns of A for a block of tokens, then its
/// columns of B panel by panel, each used by all rows in one call of the kernel.
/// </remarks>
internal unsafe struct BFloat16GradientProduct : IParallelJob
{
    private const int Depth = BFloat16Rows.MaxDepth;

    public ProductTile Tile;
    public int M, N;
    public float* A, B, C;
    public long Lda, Ldb, Ldc;
    public int* Offsets;
    public int Sequences;
    private GemmPartition _partition;

    public void Run()
    {
        int tokens = Offsets[Sequences] - Offsets[0];
        _partition = GemmPartition.Choose(M, N, tokens, WorkerPool.Shared.WorkerCount, Tile.Lanes).Cut(M, N, tokens, Tile.Columns, packsRows: true);
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
        int blocks = (int)(((long)rows * Depth * sizeof(ushort)) + Tile.CachedBytes - 1) / Tile.CachedBytes;
        long packedUnits = PackedRows.Units(Tile, (rows + blocks - 1) / blocks, ProductTile.BlockGroups);
        uint* packedB = (uint*)ThreadScratch.Get(Gemm.ScratchSlot, (nuint)((ProductTile.BlockGroups * Tile.Columns) + packedUnits) * sizeof(uint));
        uint* packedA = packedB + (ProductTile.BlockGroups * Tile.Columns);
        for (int s = 0; s < Sequences; s++)
        {
            for (int token = Offsets[s]; token < Offsets[s + 1]; token += Depth)
            {
                int depth = Math.Min(Depth, Offsets[s + 1] - token);
                for (int block = 0; block < blocks; block++)
                {
                    int start = rowStart + (int)((long)rows * block / blocks);
                    int end = rowStart + (int)((long)rows * (block + 1) / blocks);
                    PackedRows.PackColumns(Tile, A + (token * Lda) + start, (nint)Lda, end - start, depth, packedA);
                    Panels(start, end - start, columnStart, columnEnd, token, depth, packedA, packedB);
                }
            }
        }
    }

    /// <summary>Some rows of C, all columns of the piece, one block of tokens.</summary>
    private readonly void Panels(int row, int rows, int columnStart, int columnEnd, int token, int depth, uint* packedA, uint* packedB)
    {
        for (int j = columnStart; j < columnEnd; j += Tile.Columns)
        {
            int width = Math.Min(Tile.Columns, columnEnd - j);
            PackB(j, width, token, depth, packedB);
            float* next = B + (token * Ldb) + Math.Min(j + Tile.Columns, columnEnd - 1);
            var arguments = new TileArguments
            {
                A = packedA,
                B = packedB,
                C = C + (row * Ldc) + j,
                RowBytes = (nint)Ldc * sizeof(float),
                Groups = (depth + 1) / 2,
                Accumulate = 1,
                Prefetch = (nint)next,
                PrefetchStep = (nint)Ldb * sizeof(float),
            };
            PackedRows.Run(Tile, rows, 0, Tile.RowPanels(rows), width, arguments, depth);
        }
    }

    private readonly void PackB(int column, int width, int token, int depth, uint* packed)
    {
        int tileWidth = (width + Tile.Lanes - 1) / Tile.Lanes * Tile.Lanes;
        if (width < tileWidth)
        {
            new Span<uint>(packed, (depth + 1) / 2 * tileWidth).Clear();
        }

        BFloat16Rows.RoundPairs(Tile.PackingLanes, B + (token * Ldb) + column, (nint)Ldb, depth, width, packed, tileWidth);
    }
}
