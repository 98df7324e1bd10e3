using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C += Aᵀ · B</c>, sequence by sequence, both with one row a token: each worker takes a rectangle of C.</summary>
/// <typeparam name="TKernel">The microkernel.</typeparam>
internal unsafe struct GradientProduct<TKernel> : IParallelJob
    where TKernel : struct, IMicrokernel
{
    /// <summary>Floats of packed B that a worker keeps: a part of the second-level cache.</summary>
    private const int PackedFloats = 576 * GemmTile.Depth;

    private const int LineBytes = 64;

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

        Partition = GemmPartition.Choose(M, N, tokens, WorkerPool.Shared.WorkerCount, TKernel.Lanes);
        WorkerPool.Shared.Run(Partition.Parts, ref this);
    }

    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = Partition.Range(part, M, N, TKernel.Lanes);
        if (rowStart == rowEnd || columnStart == columnEnd)
        {
            return;
        }

        int paddedColumns = (columnEnd - columnStart + PanelWidth - 1) / PanelWidth * PanelWidth;
        int columnsAtOnce = Math.Min(paddedColumns, PackedFloats / _maxDepth / PanelWidth * PanelWidth);
        nint packedFloats = (nint)_maxDepth * columnsAtOnce;
        float* packedB = ThreadScratch.GetSingles(Gemm.ScratchSlot, packedFloats + (GemmTile.Depth * TKernel.PackedRows) + (TKernel.MaxRows * PanelWidth));
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
            PackB(B + (token * Ldb) + column, depth, columns, packedB);
        }

        for (int panel = 0; panel < panels; panel++)
        {
            int start = GemmTile.PanelStart(rows, panels, panel);
            int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
            RowPanel(row + start, count, column, columns, token, depth, packedB, packsB, packedA);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void RowPanel(int row, int count, int column, int columns, int token, int depth, float* packedB, bool packsB, float* packedA)
    {
        float* spare = packedA + (GemmTile.Depth * TKernel.PackedRows);
        float* a = A + (token * Lda) + row;
        float* b = B + (token * Ldb) + column;
        float* c = C + (row * Ldc) + column;
        nint aStep = (nint)Lda;
        byte* nextA = (byte*)(a + count);
        if (columns > PanelWidth)
        {
            ShortRow.Copy(a, aStep, count, depth, packedA, TKernel.PackedRows);
            a = packedA;
            aStep = TKernel.PackedRows;
        }

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

            // Meanwhile the next panel of A comes into cache, then the next tile of C: its rows, then their second lines.
            nint ldcBytes = (nint)Ldc * sizeof(float);
            PrefetchWalk walk = j == 0
                ? new PrefetchWalk(nextA, (nint)Lda * sizeof(float), 0)
                : new PrefetchWalk((byte*)(c + j + PanelWidth), ldcBytes, LineBytes - (PrefetchWalk.Segment * ldcBytes));
            GemmTile.Run<TKernel>(count, width, depth, a, aStep, panelOfB, bStep, c + j, (nint)Ldc, accumulate: true, spare, walk);
        }
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
