using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary><c>C += Aᵀ · B</c>, sequence by sequence, both with one row a token: each worker takes a rectangle of C.</summary>
/// <typeparam name="TKernel">The microkernel.</typeparam>
internal unsafe struct GradientProduct<TKernel> : IParallelJob
    where TKernel : struct, IMicrokernel
{
    public int M, N;
    public float* A, B, C;
    public long Lda, Ldb, Ldc;
    public int* Offsets;
    public int Sequences;
    public GemmPartition Partition;

    private static int PanelWidth => GemmTile.PanelWidth<TKernel>();

    public void Run()
    {
        int tokens = Offsets[Sequences] - Offsets[0];
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

        int rows = rowEnd - rowStart;
        long packedFloats = (long)GemmTile.RowPanels<TKernel>(rows) * TKernel.PackedRows * GemmTile.Depth;
        packedFloats = (packedFloats + 15) & ~15L;
        float* packedA = ThreadScratch.GetSingles(Gemm.ScratchSlot, packedFloats + ((GemmTile.Depth + TKernel.MaxRows) * PanelWidth));
        float* packedB = packedA + packedFloats;
        for (int s = 0; s < Sequences; s++)
        {
            for (int token = Offsets[s]; token < Offsets[s + 1]; token += GemmTile.Depth)
            {
                int depth = Math.Min(GemmTile.Depth, Offsets[s + 1] - token);
                Block(rowStart, rows, columnStart, columnEnd, token, depth, packedA, packedB);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Block(int row, int rows, int columnStart, int columnEnd, int token, int depth, float* packedA, float* packedB)
    {
        float* spare = packedB + (GemmTile.Depth * PanelWidth);
        int panels = GemmTile.RowPanels<TKernel>(rows);
        GemmTile.PackColumns<TKernel>(A + (token * Lda) + row, Lda, rows, depth, packedA);
        for (int j = columnStart; j < columnEnd; j += PanelWidth)
        {
            int width = Math.Min(PanelWidth, columnEnd - j);
            int tileWidth = (width + TKernel.Lanes - 1) / TKernel.Lanes * TKernel.Lanes;
            float* b = B + (token * Ldb) + j;
            nint bStep = (nint)Ldb;

            // A panel that is used once is read where it is; one that is used again is better off without gaps.
            if (panels > 1 || width != tileWidth)
            {
                PackB(b, depth, width, packedB, tileWidth);
                b = packedB;
                bStep = tileWidth;
            }

            for (int panel = 0; panel < panels; panel++)
            {
                int start = GemmTile.PanelStart(rows, panels, panel);
                int count = GemmTile.PanelStart(rows, panels, panel + 1) - start;
                GemmTile.Run<TKernel>(
                    count, width, depth, packedA + ((nint)panel * depth * TKernel.PackedRows), TKernel.PackedRows, b, bStep,
                    C + ((row + start) * Ldc) + j, (nint)Ldc, accumulate: true, spare);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackB(float* b, int depth, int width, float* packed, int tileWidth)
    {
        for (int i = 0; i < depth; i++, b += Ldb, packed += tileWidth)
        {
            new ReadOnlySpan<float>(b, width).CopyTo(new Span<float>(packed, width));
            for (int j = width; j < tileWidth; j++)
            {
                packed[j] = 0;
            }
        }
    }
}
