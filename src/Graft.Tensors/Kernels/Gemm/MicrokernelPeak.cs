using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Runs the largest tile of the instruction set in use on panels that stay in the first-level cache.</summary>
/// <remarks>The rate is what a matrix product could reach if packing, edges and memory cost nothing.</remarks>
public static unsafe class MicrokernelPeak
{
    private const int Depth = 128;

    /// <summary>Runs the tile <paramref name="repeats"/> times on each of the shared pool's workers.</summary>
    /// <param name="repeats">How often.</param>
    /// <returns>Floating-point operations done in all: a multiplication and an addition a term.</returns>
    public static double Run(int repeats) => InstructionSet.Current switch
    {
        Isa.Avx512 => Run<MicrokernelAvx512>(repeats),
        Isa.Avx2 => Run<MicrokernelAvx2>(repeats),
        Isa.Vector128 => Run<MicrokernelVector128>(repeats),
        _ => Run<MicrokernelScalar>(repeats),
    };

    private static double Run<TKernel>(int repeats)
        where TKernel : struct, IMicrokernel
    {
        int workers = WorkerPool.Shared.WorkerCount;
        var job = new Job<TKernel> { Repeats = repeats };
        WorkerPool.Shared.Run(workers, ref job);
        return 2.0 * workers * repeats * Depth * TKernel.MaxRows * GemmTile.PanelWidth<TKernel>();
    }

    private struct Job<TKernel> : IParallelJob
        where TKernel : struct, IMicrokernel
    {
        public int Repeats;

        public readonly void Execute(int part)
        {
            int width = GemmTile.PanelWidth<TKernel>();
            int floats = (Depth * (TKernel.PackedRows + width)) + (TKernel.MaxRows * width);
            float* a = ThreadScratch.GetSingles(Gemm.ScratchSlot, floats);
            new Span<float>(a, floats).Fill(0.5f);
            float* b = a + (Depth * TKernel.PackedRows);
            float* c = b + (Depth * width);
            for (int i = 0; i < Repeats; i++)
            {
                TKernel.Run(TKernel.MaxRows, TKernel.MaxVectors, Depth, a, 1, TKernel.PackedRows, b, width, c, width, accumulate: false, new PrefetchWalk((byte*)a, 0, 0));
            }
        }
    }
}
