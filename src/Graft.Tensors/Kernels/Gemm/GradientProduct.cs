using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C += Aᵀ · B</c>, sequence by sequence, both with one row a token: each worker takes a rectangle of C.</summary>
/// <typeparam name="TKernel">The microkernel.</typeparam>
internal unsafe struct GradientProduct<TKernel> : IParallelJob
    where TKernel : struct, IMicrokernel
{
    /// <summary>Row panels of A packed together, so that a line of A is read once for all of them.</summary>
    private const int PanelsAtOnce = 8;

    /// <summary>Tokens of them at a time: their rows may share a set of the first-level cache.</summary>
    private const int TokensAtOnce = 8;

    public int M, N;
    public float* A, B, C;
    public long Lda, Ldb, Ldc;
    public int* Offsets;
    public int Sequences;
    public GemmPartition Partition;
    private int _maxDepth;

    private static int PanelWidth => GemmTile.PanelWidth<TKernel>();

    public void Run()
    {
        int tokens = Offsets[Sequences] - Offsets[0];
        _maxDepth = 1;
        for (int s = 0; s < Sequences; s++)
        {
            _maxDepth = Math.Min(GemmTile.Depth, Math.Max(_maxDepth, Offsets[s + 1] - Offsets[s]));
        }

        Partition = GemmPartition.Choose(M, N, tokens, WorkerPool.Shared.WorkerCount, TKernel.Lanes).Cut(M, N, tokens, PanelWidth, packsRows: true);
        WorkerPool.Shared.Run(Partition.Pieces, ref this);
    }

    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = Partition.Piece(part, M, N, TKernel.Lanes, PanelWidth);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        int paddedColumns = (columnEnd - columnStart + PanelWidth - 1) / PanelWidth * PanelWidth;
        int columnsAtOnce = Math.Min(paddedColumns, GemmTile.CachedBytes<TKernel>() / sizeof(float) / _maxDepth / PanelWidth * PanelWidth);
        nint packedFloats = (nint)_maxDepth * columnsAtOnce;
        float* packedB = ThreadScratch.GetSingles(Gemm.ScratchSlot, packedFloats + (PanelsAtOnce * GemmTile.Depth * TKernel.PackedRows) + (TKernel.MaxRows * PanelWidth));
        for (int s = 0; s < Sequences; s++)
        {
            for (int token = Offsets[s]; token < Offsets[s + 1]; token += GemmTile.Depth)
            {
                int depth = Math.Min(GemmTile.Depth, Offsets[s + 1] - token);
                for (int column = columnStart; column < columnEnd; column += columnsAtOnce)
                {
                    Strip(rowStart, rowEnd - rowStart, column, Math.Min(columnsAtOnce, columnEnd - column), token, depth, packedB, packedB + packedFloats);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Strip(int row, int rows, int column, int columns, int token, int depth, float* packedB, float* packedA)
    {
        // What is used once is read where it is; what is used again is better off without gaps.
        int panels = GemmTile.RowPanels<TKernel>(rows);
        bool packsB = panels > 1;
        if (packsB)
        {
            // Whole panels are packed by the first tile that uses them.
            int whole = columns / PanelWidth * PanelWidth;
            PackB(B + (token * Ldb) + column + whole, depth, columns - whole, packedB + ((nint)depth * whole));
        }

        bool packsA = columns > PanelWidth;
        for (int panel = 0; panel < panels; panel++)
        {
            if (packsA && panel % PanelsAtOnce == 0)
            {
                PackA(row, rows, panels, panel, token, depth, packedA);
            }

            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            float* a = packsA ? packedA + ((nint)(panel % PanelsAtOnce) * depth * TKernel.PackedRows) : A + (token * Lda) + row + start;
            RowPanel(
                row + start, count, column, columns, token, depth, a, packsA ? TKernel.PackedRows : (nint)Lda, packedB, packsB, packsB && panel == 0,
                packedA + (PanelsAtOnce * GemmTile.Depth * TKernel.PackedRows));
        }
    }

    private readonly void PackA(int row, int rows, int panels, int first, int token, int depth, float* packed)
    {
        int end = Math.Min(panels, first + PanelsAtOnce);
        for (int t = 0; t < depth; t += TokensAtOnce)
        {
            for (int panel = first; panel < end; panel++)
            {
                int start = GemmTile.PanelStart(rows, panels, panel);
                int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
                float* target = packed + ((((nint)(panel - first) * depth) + t) * TKernel.PackedRows);
                ShortRow.Copy(A + ((token + t) * Lda) + row + start, (nint)Lda, count, Math.Min(TokensAtOnce, depth - t), target, TKernel.PackedRows);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void RowPanel(
        int row, int count, int column, int columns, int token, int depth, float* a, nint aStep, float* packedB, bool packsB, bool isFirst, float* spare)
    {
        float* b = B + (token * Ldb) + column;
        float* c = C + (row * Ldc) + column;
        for (int j = 0; j < columns; j += PanelWidth)
        {
            int width = Math.Min(PanelWidth, columns - j);
            int tileWidth = (width + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes;
            float* panelOfB = packedB + ((nint)depth * j);
            nint bStep = tileWidth;
            if (!packsB && width == tileWidth)
            {
                panelOfB = b + j;
                bStep = (nint)Ldb;
            }
            else if (!packsB)
            {
                PackPanel(b + j, depth, width, packedB, tileWidth);
                panelOfB = packedB;
            }

            PrefetchWalk walk = NextOfC(c + j + PanelWidth);
            if (isFirst && width == PanelWidth)
            {
                TKernel.RunPacking<SingleSource>(
                    count, depth, a, 1, aStep, (byte*)(b + j), (nint)Ldb * sizeof(float), panelOfB, bStep, c + j, (nint)Ldc, accumulate: true);
                continue;
            }

            GemmTile.Run<TKernel>(count, width, depth, a, 1, aStep, panelOfB, bStep, c + j, (nint)Ldc, accumulate: true, spare, walk);
        }
    }

    /// <summary>The rows of a tile of C and little else: what is fetched too early pushes the packed panels out of the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly PrefetchWalk NextOfC(float* c)
    {
        nint ldcBytes = (nint)Ldc * sizeof(float);
        const int Segments = GemmTile.Depth / PrefetchWalk.Segment;
        return TKernel.MaxRows <= Segments
            ? new PrefetchWalk((byte*)c, 0, ldcBytes)
            : new PrefetchWalk((byte*)c, ldcBytes, (PanelWidth * sizeof(float) / Segments) - (PrefetchWalk.Segment * ldcBytes));
    }

    private readonly void PackB(float* b, int depth, int columns, float* packed)
    {
        for (int j = 0; j < columns; j += PanelWidth)
        {
            int width = Math.Min(PanelWidth, columns - j);
            PackPanel(b + j, depth, width, packed + ((nint)depth * j), (width + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes);
        }
    }

    private readonly void PackPanel(float* b, int depth, int width, float* packed, int tileWidth)
    {
        if (width < tileWidth)
        {
            new Span<float>(packed, depth * tileWidth).Clear();
        }

        ShortRow.Copy(b, (nint)Ldb, width, depth, packed, tileWidth);
    }
}
