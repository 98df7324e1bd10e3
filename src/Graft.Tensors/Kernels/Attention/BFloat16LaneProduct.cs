using Graft.Tensors.Assembly;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>The products of <see cref="LaneProduct{TLanes, TVector}"/> in bf16: both operands rounded, sums as <see cref="Gemm.MultiplyTransposedBFloat16"/> defines them.</summary>
/// <remarks>Same operands, same result on any CPU. Both are packed for each product, which with a panel of 64 lanes and as many rows costs less than it saves.</remarks>
internal static unsafe class BFloat16LaneProduct
{
    private const int Depth = BFloat16Rows.MaxDepth;

    /// <summary>Keys from which on packing pays. A rule of the sequence alone: its bits do not depend on the batch around it.</summary>
    public const int LeastKeys = 64;

    /// <summary>Whether attention in bf16 uses it: where the CPU has an instruction for it, or where every CPU has to compute the same.</summary>
    public static bool IsOn => BFloat16Support.IsFast || AssembledKernels.IsExact;

    /// <summary><c>C (+)= A B</c>.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="lanes">Columns of B and C.</param>
    /// <param name="depth">Columns of A, rows of B.</param>
    /// <param name="a">Element (r, k) of A at <c>r * rowStride + k * depthStride</c>; one of the two is 1.</param>
    /// <param name="rowStride">Floats from one row of A to the next.</param>
    /// <param name="depthStride">Floats from one column of A to the next.</param>
    /// <param name="b">B.</param>
    /// <param name="bStride">Floats from one row of B to the next.</param>
    /// <param name="c">C.</param>
    /// <param name="cStride">Floats from one row of C to the next.</param>
    /// <param name="accumulate">Whether the product is added to C.</param>
    public static void Multiply(
        ProductTile tile, int rows, int lanes, int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        int unitsOfB = ProductTile.BlockGroups * tile.Columns;
        long unitsOfA = PackedRows.Units(tile, rows, ProductTile.BlockGroups);
        uint* packedB = (uint*)ThreadScratch.Get(Gemm.ScratchSlot, (nuint)(unitsOfB + unitsOfA) * sizeof(uint));
        uint* packedA = packedB + unitsOfB;
        for (int p = 0; p < depth; p += Depth)
        {
            int block = Math.Min(Depth, depth - p);
            if (depthStride == 1)
            {
                PackedRows.PackRows(tile, a + p, rowStride, rows, block, packedA);
            }
            else
            {
                PackedRows.PackColumns(tile, a + (p * depthStride), depthStride, rows, block, packedA);
            }

            for (int j = 0; j < lanes; j += tile.Columns)
            {
                int width = Math.Min(tile.Columns, lanes - j);
                BFloat16Rows.RoundPairs(tile.PackingLanes, b + (p * bStride) + j, bStride, block, width, packedB, (width + tile.Lanes - 1) / tile.Lanes * tile.Lanes);
                var arguments = new TileArguments
                {
                    A = packedA,
                    B = packedB,
                    C = c + j,
                    RowBytes = cStride * sizeof(float),
                    Groups = (block + 1) / 2,
                    Accumulate = accumulate || p > 0 ? 1 : 0,
                };
                PackedRows.Run(tile, rows, 0, tile.RowPanels(rows), width, arguments, prefetches: 0);
            }
        }
    }
}
