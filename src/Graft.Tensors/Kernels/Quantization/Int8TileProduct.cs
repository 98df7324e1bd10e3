using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The product of <see cref="Int8Product"/> on CPUs that multiply four pairs of bytes at once: the same exact sums, the same bits.</summary>
/// <remarks>
/// A unit is four neighbouring k of one row. <c>vpdpbusd</c> takes unsigned bytes on one side, so A's codes are packed with 128 added, and the sum of
/// column j starts from <c>-128 · (sum of the weight's codes in row j)</c>, which the matrix keeps. Sums wrap around at 32 bits on the way and are exact at the end.
/// </remarks>
internal unsafe struct Int8TileProduct : IParallelJob
{
    private const int UnitCodes = 4;
    private const int Depth = UnitCodes * ProductTile.BlockGroups;
    private const int Slot = 1;
    private const byte Offset = 0x80;

    public int M, N, K;
    public sbyte* A, B;
    public float* RowScales, ColumnScales, Bias, C;
    public ProductTile Tile;
    private int[] _codeSums;
    private GemmPartition _partition;

    /// <summary>The fastest tile that the CPU, GRAFT_ISA and GRAFT_JIT allow; null where there is none.</summary>
    public static ProductTile? CurrentTile
        => AssembledKernels.Int8Amx ? AssembledTile.Int8Amx
            : AssembledKernels.Int8Dot ? AssembledTile.Int8Dot
            : AssembledKernels.Int8Vex ? AssembledTile.Int8Vex
            : null;

    /// <summary>Computes C [m, n] from A [m, k] and the weight.</summary>
    /// <param name="weight">[n, k]; the fields say the rest.</param>
    public void Run(Int8Matrix weight)
    {
        (N, K, _codeSums) = (weight.Rows, weight.Columns, weight.CodeSums);
        B = weight.Codes;
        ColumnScales = weight.Scales;
        _partition = GemmPartition.Choose(M, N, K, WorkerPool.Shared.WorkerCount, Tile.Lanes).Cut(M, N, K, Tile.Columns, packsRows: true);
        WorkerPool.Shared.Run(_partition.Pieces, ref this);
        GC.KeepAlive(weight);
    }

    /// <inheritdoc/>
    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = _partition.Piece(part, M, N, Tile.Lanes, Tile.Columns);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        int rows = rowEnd - rowStart;
        int blocks = (int)(((long)rows * K + Tile.CachedBytes - 1) / Tile.CachedBytes);
        blocks = Math.Clamp(blocks, 1, rows);
        int mostRows = (rows + blocks - 1) / blocks;
        long packedUnits = PackedRows.Units(Tile, mostRows, (K + UnitCodes - 1) / UnitCodes);
        long panelUnits = ProductTile.BlockGroups * Tile.Columns;
        var packedB = (uint*)ThreadScratch.Get(Slot, (nuint)(panelUnits + Tile.Columns + ((long)mostRows * Tile.Columns) + packedUnits) * sizeof(uint));
        var start = (int*)(packedB + panelUnits);
        int* sums = start + Tile.Columns;
        var packedA = (uint*)(sums + ((long)mostRows * Tile.Columns));
        for (int block = 0; block < blocks; block++)
        {
            int first = rowStart + (int)((long)rows * block / blocks);
            int end = rowStart + (int)((long)rows * (block + 1) / blocks);
            for (int p = 0; p < K; p += Depth)
            {
                PackA(first, end - first, p, Math.Min(Depth, K - p), packedA + PackedRows.Units(Tile, end - first, p / UnitCodes));
            }

            for (int column = columnStart; column < columnEnd; column += Tile.Columns)
            {
                int width = Math.Min(Tile.Columns, columnEnd - column);
                for (int j = 0; j < Tile.Columns; j++)
                {
                    start[j] = j < width ? -Offset * _codeSums[column + j] : 0;
                }

                Panel(end - first, column, width, columnEnd, packedA, packedB, start, sums);
                for (int row = 0; row < end - first; row++)
                {
                    Store(first + row, column, width, sums + (row * Tile.Columns));
                }
            }
        }
    }

    /// <summary>The sums of some rows with one panel of columns.</summary>
    private readonly void Panel(int rows, int column, int width, int columnEnd, uint* packedA, uint* packedB, int* start, int* sums)
    {
        for (int p = 0; p < K; p += Depth)
        {
            int depth = Math.Min(Depth, K - p);
            PackB(column, width, p, depth, packedB);
            (int nextColumn, int nextP) = p + Depth < K ? (column, p + Depth) : (Math.Min(column + Tile.Columns, columnEnd - 1), 0);
            var arguments = new TileArguments
            {
                A = packedA + PackedRows.Units(Tile, rows, p / UnitCodes),
                B = packedB,
                C = sums,
                RowBytes = Tile.Columns * sizeof(int),
                Groups = (depth + UnitCodes - 1) / UnitCodes,
                Accumulate = p > 0 ? 1 : 0,
                Start = start,
                Prefetch = (nint)(B + ((nint)nextColumn * K) + nextP),
                PrefetchStep = Depth / TileKernel.Unroll,
                PrefetchJump = K - Depth,
            };
            PackedRows.Run(Tile, rows, 0, Tile.RowPanels(rows), width, arguments, TileKernel.Unroll * Math.Min(Tile.Columns, N - nextColumn));
        }
    }

    /// <summary>Packs one block of rows of A, 128 added to each code.</summary>
    private readonly void PackA(int row, int rows, int p, int depth, uint* packed)
    {
        int panels = Tile.RowPanels(rows), groups = (depth + UnitCodes - 1) / UnitCodes;
        for (int panel = 0; panel < panels; panel++, packed += groups * Tile.PackedRows)
        {
            int start = ProductTile.PanelStart(rows, panels, panel);
            int count = ProductTile.PanelStart(rows, panels, panel + 1) - start;
            byte* codes = (byte*)A + ((nint)(row + start) * K) + p;
            if (Tile.IsRowMajor)
            {
                Shift(codes, count, depth, (byte*)packed, groups * UnitCodes);
            }
            else
            {
                PackPanel(codes, count, depth, packed);
            }
        }
    }

    /// <summary>One panel, group after group.</summary>
    [SkipLocalsInit]
    private readonly void PackPanel(byte* codes, int rows, int depth, uint* packed)
    {
        const int MaximumLanes = 16;
        byte* shifted = stackalloc byte[MaximumLanes * Depth];
        int lanes = Tile.PackingLanes;
        for (int i = 0; i < rows; i += lanes)
        {
            int height = Math.Min(lanes, rows - i);
            Shift(codes + ((nint)i * K), height, depth, shifted, Depth);
            PanelTranspose.Run<SingleWidener>(lanes, shifted, Depth, height, (depth + UnitCodes - 1) / UnitCodes, (float*)packed + i, Tile.PackedRows);
        }
    }

    /// <summary>Adds 128 to the codes of some rows.</summary>
    private readonly void Shift(byte* codes, int rows, int depth, byte* destination, int stride)
    {
        for (int i = 0; i < rows; i++)
        {
            Shift(codes + ((nint)i * K), depth, destination + (i * stride));
        }
    }

    /// <summary>Adds 128 to each code, and fills the last unit up with codes of 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shift(byte* codes, int count, byte* destination)
    {
        int i = 0;
        for (; i + Vector256<byte>.Count <= count; i += Vector256<byte>.Count)
        {
            (Vector256.Load(codes + i) ^ Vector256.Create(Offset)).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = (byte)(codes[i] ^ Offset);
        }

        for (; i % UnitCodes != 0; i++)
        {
            destination[i] = Offset;
        }
    }

    /// <summary>Packs codes of some columns; columns that are not there repeat the last, and k that are not there are codes of 0.</summary>
    private readonly void PackB(int column, int width, int p, int depth, uint* packed)
    {
        int lanes = Tile.PackingLanes, tileWidth = (width + Tile.Lanes - 1) / Tile.Lanes * Tile.Lanes, whole = depth / UnitCodes;
        for (int j = 0; j < tileWidth; j += lanes)
        {
            int first = Math.Min(j, width - 1), count = Math.Clamp(width - j, 1, lanes);
            sbyte* source = B + ((nint)(column + first) * K) + p;
            PanelTranspose.Run<SingleWidener>(lanes, (byte*)source, K, count, whole, (float*)packed + j, tileWidth);
            for (int i = 0; i < lanes && depth % UnitCodes != 0; i++)
            {
                uint unit = 0;
                for (int r = 0; r < depth % UnitCodes; r++)
                {
                    unit |= (uint)(byte)source[((nint)Math.Min(i, count - 1) * K) + (whole * UnitCodes) + r] << (8 * r);
                }

                packed[(whole * tileWidth) + j + i] = unit;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Store(int row, int column, int width, int* sums)
    {
        float* c = C + ((nint)row * N) + column;
        float* scales = ColumnScales + column;
        int j = 0;
        Vector256<float> rowScale = Vector256.Create(RowScales[row]), unscale = Vector256.Create(Int8Product.Unscale);
        for (; j + 8 <= width; j += 8)
        {
            Vector256<float> value = Vector256.ConvertToSingle(Vector256.Load(sums + j)) * (rowScale * Vector256.Load(scales + j)) * unscale;
            (Bias == null ? value : value + Vector256.Load(Bias + column + j)).Store(c + j);
        }

        for (; j < width; j++)
        {
            float value = sums[j] * (RowScales[row] * scales[j]) * Int8Product.Unscale;
            c[j] = Bias == null ? value : value + Bias[column + j];
        }
    }
}
