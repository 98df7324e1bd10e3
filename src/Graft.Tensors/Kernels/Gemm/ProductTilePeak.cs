using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Runs the tiles of bf16 and 8-bit products on panels that stay in the first-level cache: what a product could reach if packing, edges and memory cost nothing.</summary>
public static unsafe class ProductTilePeak
{
    private const int PairTerms = 2;
    private const int FourTerms = 4;

    /// <summary>Runs the bf16 tile in use <paramref name="repeats"/> times on each of the shared pool's workers.</summary>
    /// <param name="repeats">How often.</param>
    /// <returns>Operations done in all: a multiplication and an addition a term.</returns>
    public static double RunBFloat16(int repeats) => Run(BFloat16Tile.Current, repeats, PairTerms);

    /// <summary>Runs the 8-bit tile in use, as <see cref="RunBFloat16"/>; where there is none, the innermost product of pairs of 16-bit integers that takes its place.</summary>
    /// <param name="repeats">How often.</param>
    /// <returns>Operations done in all.</returns>
    public static double RunInt8(int repeats)
        => Int8TileProduct.CurrentTile is { } tile ? Run(tile, repeats, FourTerms) : Run(Int8PairTile.Instance, repeats, PairTerms);

    private static double Run(ProductTile tile, int repeats, int terms)
    {
        int workers = WorkerPool.Shared.WorkerCount;
        var job = new Job { Tile = tile, Repeats = repeats };
        WorkerPool.Shared.Run(workers, ref job);
        return 2.0 * workers * repeats * terms * ProductTile.BlockGroups * tile.MaxRows * tile.Columns;
    }

    private struct Job : IParallelJob
    {
        public ProductTile Tile;
        public int Repeats;

        public readonly void Execute(int part)
        {
            int unitsOfA = ProductTile.BlockGroups * Tile.PackedRows, unitsOfB = ProductTile.BlockGroups * Tile.Columns, sums = Tile.MaxRows * Tile.Columns;
            int units = unitsOfA + unitsOfB + sums + Tile.Columns;
            var a = (uint*)ThreadScratch.Get(Gemm.ScratchSlot, (nuint)units * sizeof(uint));
            new Span<uint>(a, units).Clear();
            for (int i = 0; i < Repeats; i++)
            {
                var arguments = new TileArguments
                {
                    A = a,
                    B = a + unitsOfA,
                    C = a + unitsOfA + unitsOfB,
                    RowBytes = Tile.Columns * sizeof(uint),
                    Groups = ProductTile.BlockGroups,
                    Panels = 1,
                    Start = (int*)(a + unitsOfA + unitsOfB + sums),
                    Prefetch = (nint)a,
                };
                Tile.Run(Tile.MaxRows, Tile.Columns, ref arguments);
            }
        }
    }
}
