using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The products of <see cref="WeightProduct{TKernel, TDecoder}"/> where C has fewer columns than a tile has rows.</summary>
/// <remarks>
/// The roles change: vectors run along the rows of A, so that they are full whatever the number of columns, and the few
/// columns of B are the tile's rows. A tile is C transposed; it is kept until all of k is summed, then written the right way round.
/// Multiplication commutes, so every element sees the same operations.
/// </remarks>
/// <typeparam name="TKernel">The microkernel.</typeparam>
/// <typeparam name="TDecoder">The storage format of B.</typeparam>
internal unsafe struct NarrowProduct<TKernel, TDecoder> : IParallelJob
    where TKernel : struct, IMicrokernel
    where TDecoder : struct, IPanelDecoder
{
    public int M, N, K;
    public float* A;
    public long Lda, Ldc;
    public WeightView B;
    public bool BTransposed, Accumulate;
    public float* C;
    private int _parts;

    private static int PanelWidth => GemmTile.PanelWidth<TKernel>();

    public void Run()
    {
        // Rows of A are the columns here.
        _parts = GemmPartition.Choose(1, M, N * K, WorkerPool.Shared.WorkerCount, TKernel.Lanes).Parts;
        WorkerPool.Shared.Run(_parts, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        (_, _, int start, int end) = new GemmPartition(_parts, 1).Range(part, 1, M, TKernel.Lanes);
        long packedFloats = (long)K * TKernel.PackedRows;
        float* panel = ThreadScratch.GetSingles(Gemm.ScratchSlot, (GemmTile.Depth * PanelWidth) + (TKernel.MaxRows * PanelWidth) + packedFloats);
        float* tile = panel + (GemmTile.Depth * PanelWidth);
        float* packedB = tile + (TKernel.MaxRows * PanelWidth);
        if (BTransposed)
        {
            for (int j = 0; j < N; j += TKernel.Lanes)
            {
                TDecoder.DecodeTransposed(TKernel.Lanes, B, j, Math.Min(TKernel.Lanes, N - j), 0, K, packedB + j, TKernel.PackedRows);
            }
        }
        else
        {
            TDecoder.DecodeRows(TKernel.Lanes, B, 0, K, 0, N, packedB, TKernel.PackedRows);
        }

        for (int row = start; row < end; row += PanelWidth)
        {
            Tile(row, Math.Min(PanelWidth, end - row), packedB, panel, tile);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Tile(int row, int rows, float* packedB, float* panel, float* tile)
    {
        int vectors = (rows + TKernel.Lanes - 1) / TKernel.Lanes;
        int width = vectors * TKernel.Lanes;
        float* c = C + (row * Ldc);
        if (Accumulate)
        {
            Pack(c, Ldc, rows, N, tile, width);
        }

        for (int p = 0; p < K; p += GemmTile.Depth)
        {
            int depth = Math.Min(GemmTile.Depth, K - p);
            float* a = A + (row * Lda) + p;
            Pack(a, Lda, rows, depth, panel, width);
            const int BlockBytes = GemmTile.Depth * sizeof(float);
            float* next = p + GemmTile.Depth < K ? a + GemmTile.Depth : A + ((row + rows) * Lda);
            TKernel.Run(
                N, vectors, depth, packedB + ((nint)p * TKernel.PackedRows), 1, TKernel.PackedRows, panel, width, tile, width, Accumulate || p > 0,
                new PrefetchWalk((byte*)next, BlockBytes / PrefetchWalk.Segment, ((nint)Lda * sizeof(float)) - BlockBytes));
        }

        if (TKernel.Lanes >= 8 && N == 8)
        {
            PanelTranspose.Run<SingleWidener>(8, (byte*)tile, (nint)width * sizeof(float), 8, rows, c, (nint)Ldc);
            return;
        }

        for (int i = 0; i < rows; i++, c += Ldc)
        {
            for (int j = 0; j < N; j++)
            {
                c[j] = tile[(j * width) + i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(float* source, long stride, int rows, int depth, float* packed, int width)
    {
        for (int i = 0; i < rows; i += TKernel.Lanes)
        {
            PanelTranspose.Run<SingleWidener>(
                TKernel.Lanes, (byte*)(source + (i * stride)), (nint)stride * sizeof(float), Math.Min(rows - i, TKernel.Lanes), depth, packed + i, width);
        }
    }
}
