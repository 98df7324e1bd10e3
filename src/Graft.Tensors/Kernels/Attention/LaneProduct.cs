using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Products of small matrices in scratch memory: <c>C (+)= A B</c>, where lanes run along the rows of B and C.</summary>
/// <remarks>
/// An element of A is broadcast, so A may be read along either dimension. Each element of C is one chain of multiply-adds over the
/// depth, then added to C: the shape of the register tile does not change the result.
/// </remarks>
internal static unsafe class LaneProduct<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Rows are handled in fours: row counts are rounded up to it.</summary>
    public const int RowGrain = 4;

    /// <summary><c>C (+)= A B</c>.</summary>
    /// <param name="rows">Rows of A and C: a multiple of <see cref="RowGrain"/>.</param>
    /// <param name="lanes">Columns of B and C: a multiple of the register's floats.</param>
    /// <param name="depth">Columns of A, rows of B.</param>
    /// <param name="a">Element (r, k) of A at <c>r * rowStride + k * depthStride</c>.</param>
    /// <param name="rowStride">Floats from one row of A to the next.</param>
    /// <param name="depthStride">Floats from one column of A to the next.</param>
    /// <param name="b">B.</param>
    /// <param name="bStride">Floats from one row of B to the next.</param>
    /// <param name="c">C.</param>
    /// <param name="cStride">Floats from one row of C to the next.</param>
    /// <param name="accumulate">Whether the product is added to C.</param>
    public static void Multiply(
        int rows, int lanes, int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        int lane = 0;
        for (; lane + (2 * TLanes.Count) <= lanes; lane += 2 * TLanes.Count)
        {
            int row = 0;
            if (TLanes.ManyRegisters)
            {
                for (; row + 8 <= rows; row += 8)
                {
                    Tile8By2(depth, a + (row * rowStride), rowStride, depthStride, b + lane, bStride, c + (row * cStride) + lane, cStride, accumulate);
                }
            }

            // Twice six rows as long as that leaves fours: six keep twelve sums in flight, which sixteen registers just hold.
            for (int sixes = (rows - row) / 12 * 12; sixes > 0; sixes -= 6, row += 6)
            {
                Tile6By2(depth, a + (row * rowStride), rowStride, depthStride, b + lane, bStride, c + (row * cStride) + lane, cStride, accumulate);
            }

            for (; row < rows; row += RowGrain)
            {
                Tile4By2(depth, a + (row * rowStride), rowStride, depthStride, b + lane, bStride, c + (row * cStride) + lane, cStride, accumulate);
            }
        }

        if (lane < lanes)
        {
            int row = 0;
            for (; row + 8 <= rows; row += 8)
            {
                Tile8By1(depth, a + (row * rowStride), rowStride, depthStride, b + lane, bStride, c + (row * cStride) + lane, cStride, accumulate);
            }

            for (; row < rows; row += RowGrain)
            {
                Tile4By1(depth, a + (row * rowStride), rowStride, depthStride, b + lane, bStride, c + (row * cStride) + lane, cStride, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8By2(int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
        TVector s40 = zero, s41 = zero, s50 = zero, s51 = zero, s60 = zero, s61 = zero, s70 = zero, s71 = zero;
        float* upper = a;
        float* lower = a + (4 * rowStride);
        nint second = 2 * rowStride;
        nint third = 3 * rowStride;
        for (int k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(b);
            TVector b1 = TLanes.Load(b + TLanes.Count);
            TVector x = TLanes.Broadcast(upper[0]);
            s00 = TLanes.MultiplyAdd(x, b0, s00);
            s01 = TLanes.MultiplyAdd(x, b1, s01);
            x = TLanes.Broadcast(upper[rowStride]);
            s10 = TLanes.MultiplyAdd(x, b0, s10);
            s11 = TLanes.MultiplyAdd(x, b1, s11);
            x = TLanes.Broadcast(upper[second]);
            s20 = TLanes.MultiplyAdd(x, b0, s20);
            s21 = TLanes.MultiplyAdd(x, b1, s21);
            x = TLanes.Broadcast(upper[third]);
            s30 = TLanes.MultiplyAdd(x, b0, s30);
            s31 = TLanes.MultiplyAdd(x, b1, s31);
            x = TLanes.Broadcast(lower[0]);
            s40 = TLanes.MultiplyAdd(x, b0, s40);
            s41 = TLanes.MultiplyAdd(x, b1, s41);
            x = TLanes.Broadcast(lower[rowStride]);
            s50 = TLanes.MultiplyAdd(x, b0, s50);
            s51 = TLanes.MultiplyAdd(x, b1, s51);
            x = TLanes.Broadcast(lower[second]);
            s60 = TLanes.MultiplyAdd(x, b0, s60);
            s61 = TLanes.MultiplyAdd(x, b1, s61);
            x = TLanes.Broadcast(lower[third]);
            s70 = TLanes.MultiplyAdd(x, b0, s70);
            s71 = TLanes.MultiplyAdd(x, b1, s71);
            upper += depthStride;
            lower += depthStride;
            b += bStride;
        }

        Put(c, s00, s01, accumulate);
        Put(c + cStride, s10, s11, accumulate);
        Put(c + (2 * cStride), s20, s21, accumulate);
        Put(c + (3 * cStride), s30, s31, accumulate);
        Put(c + (4 * cStride), s40, s41, accumulate);
        Put(c + (5 * cStride), s50, s51, accumulate);
        Put(c + (6 * cStride), s60, s61, accumulate);
        Put(c + (7 * cStride), s70, s71, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6By2(int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
        TVector s30 = zero, s31 = zero, s40 = zero, s41 = zero, s50 = zero, s51 = zero;
        float* lower = a + (3 * rowStride);
        nint second = 2 * rowStride;
        for (int k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(b);
            TVector b1 = TLanes.Load(b + TLanes.Count);
            TVector x = TLanes.Broadcast(a[0]);
            s00 = TLanes.MultiplyAdd(x, b0, s00);
            s01 = TLanes.MultiplyAdd(x, b1, s01);
            x = TLanes.Broadcast(a[rowStride]);
            s10 = TLanes.MultiplyAdd(x, b0, s10);
            s11 = TLanes.MultiplyAdd(x, b1, s11);
            x = TLanes.Broadcast(a[second]);
            s20 = TLanes.MultiplyAdd(x, b0, s20);
            s21 = TLanes.MultiplyAdd(x, b1, s21);
            x = TLanes.Broadcast(lower[0]);
            s30 = TLanes.MultiplyAdd(x, b0, s30);
            s31 = TLanes.MultiplyAdd(x, b1, s31);
            x = TLanes.Broadcast(lower[rowStride]);
            s40 = TLanes.MultiplyAdd(x, b0, s40);
            s41 = TLanes.MultiplyAdd(x, b1, s41);
            x = TLanes.Broadcast(lower[second]);
            s50 = TLanes.MultiplyAdd(x, b0, s50);
            s51 = TLanes.MultiplyAdd(x, b1, s51);
            a += depthStride;
            lower += depthStride;
            b += bStride;
        }

        Put(c, s00, s01, accumulate);
        Put(c + cStride, s10, s11, accumulate);
        Put(c + (2 * cStride), s20, s21, accumulate);
        Put(c + (3 * cStride), s30, s31, accumulate);
        Put(c + (4 * cStride), s40, s41, accumulate);
        Put(c + (5 * cStride), s50, s51, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4By2(int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
        nint second = 2 * rowStride;
        nint third = 3 * rowStride;
        for (int k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(b);
            TVector b1 = TLanes.Load(b + TLanes.Count);
            TVector x = TLanes.Broadcast(a[0]);
            s00 = TLanes.MultiplyAdd(x, b0, s00);
            s01 = TLanes.MultiplyAdd(x, b1, s01);
            x = TLanes.Broadcast(a[rowStride]);
            s10 = TLanes.MultiplyAdd(x, b0, s10);
            s11 = TLanes.MultiplyAdd(x, b1, s11);
            x = TLanes.Broadcast(a[second]);
            s20 = TLanes.MultiplyAdd(x, b0, s20);
            s21 = TLanes.MultiplyAdd(x, b1, s21);
            x = TLanes.Broadcast(a[third]);
            s30 = TLanes.MultiplyAdd(x, b0, s30);
            s31 = TLanes.MultiplyAdd(x, b1, s31);
            a += depthStride;
            b += bStride;
        }

        Put(c, s00, s01, accumulate);
        Put(c + cStride, s10, s11, accumulate);
        Put(c + (2 * cStride), s20, s21, accumulate);
        Put(c + (3 * cStride), s30, s31, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8By1(int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
        float* lower = a + (4 * rowStride);
        nint second = 2 * rowStride;
        nint third = 3 * rowStride;
        for (int k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(b);
            s0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), b0, s0);
            s1 = TLanes.MultiplyAdd(TLanes.Broadcast(a[rowStride]), b0, s1);
            s2 = TLanes.MultiplyAdd(TLanes.Broadcast(a[second]), b0, s2);
            s3 = TLanes.MultiplyAdd(TLanes.Broadcast(a[third]), b0, s3);
            s4 = TLanes.MultiplyAdd(TLanes.Broadcast(lower[0]), b0, s4);
            s5 = TLanes.MultiplyAdd(TLanes.Broadcast(lower[rowStride]), b0, s5);
            s6 = TLanes.MultiplyAdd(TLanes.Broadcast(lower[second]), b0, s6);
            s7 = TLanes.MultiplyAdd(TLanes.Broadcast(lower[third]), b0, s7);
            a += depthStride;
            lower += depthStride;
            b += bStride;
        }

        Put(c, s0, accumulate);
        Put(c + cStride, s1, accumulate);
        Put(c + (2 * cStride), s2, accumulate);
        Put(c + (3 * cStride), s3, accumulate);
        Put(c + (4 * cStride), s4, accumulate);
        Put(c + (5 * cStride), s5, accumulate);
        Put(c + (6 * cStride), s6, accumulate);
        Put(c + (7 * cStride), s7, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4By1(int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s0 = zero, s1 = zero, s2 = zero, s3 = zero;
        for (int k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(b);
            s0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), b0, s0);
            s1 = TLanes.MultiplyAdd(TLanes.Broadcast(a[rowStride]), b0, s1);
            s2 = TLanes.MultiplyAdd(TLanes.Broadcast(a[2 * rowStride]), b0, s2);
            s3 = TLanes.MultiplyAdd(TLanes.Broadcast(a[3 * rowStride]), b0, s3);
            a += depthStride;
            b += bStride;
        }

        Put(c, s0, accumulate);
        Put(c + cStride, s1, accumulate);
        Put(c + (2 * cStride), s2, accumulate);
        Put(c + (3 * cStride), s3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, TVector first, TVector second, bool accumulate)
    {
        Put(c, first, accumulate);
        Put(c + TLanes.Count, second, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, TVector value, bool accumulate)
        => TLanes.Store(accumulate ? TLanes.Add(TLanes.Load(c), value) : value, c);
}
