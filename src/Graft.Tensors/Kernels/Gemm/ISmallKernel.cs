using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>The innermost loops of products with a few rows of A, which are bound by how fast B arrives.</summary>
/// <remarks>Structs without fields implement it, so that the JIT specialises the loops around it.</remarks>
internal unsafe interface ISmallKernel
{
    /// <summary>Elements in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Whether <see cref="Dot"/> wants A, and both tails, with every sixteen elements split as <see cref="EvenOdd"/> does it.</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    static abstract bool Splits<TSource>()
        where TSource : struct, IVectorSource;

    /// <summary>How many rows of A and of B <see cref="Dot"/> takes at once; single rows of B it takes too.</summary>
    /// <param name="batch">Rows of A that are left; the tile has no more.</param>
    static abstract (int Batch, int Rows) Tile(int batch);

    /// <summary>Dot products of rows of A with rows of B, in the order that <see cref="SmallKernelScalar"/> spells out.</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    /// <param name="batch">Rows of A.</param>
    /// <param name="rows">Rows of B: 1 or as many as <see cref="Tile"/> says.</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">The first row of B.</param>
    /// <param name="rowBytes">Bytes from one row of B to the next.</param>
    /// <param name="chunks">Terms in whole chunks of 16.</param>
    /// <param name="aTail">The remaining terms of A, filled up with zeros to 16 for each row.</param>
    /// <param name="bTail">The remaining terms of B as fp32, filled up with zeros to 16 for each row; null where there are none.</param>
    /// <param name="c">Where the products go: one row for each row of A, one column for each row of B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    static abstract void Dot<TSource>(int batch, int rows, float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* aTail, float* bTail, float* c, nint ldc, bool accumulate)
        where TSource : struct, IVectorSource;

    /// <summary>Rows of B that <see cref="AddProducts"/> takes with four rows of A; 0 where there is no such tile.</summary>
    static virtual int BatchTileRows => 0;

    /// <summary>Adds the products of four rows of A and <see cref="BatchTileRows"/> rows of B to their sixteen partial sums each.</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    /// <param name="a">A, as <see cref="Dot"/> wants it.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">The first row of B.</param>
    /// <param name="rowBytes">Bytes from one row of B to the next.</param>
    /// <param name="chunks">Terms in chunks of 16.</param>
    /// <param name="sums">[rows of B, 4, 16].</param>
    /// <param name="next">What to prefetch meanwhile: as many addresses as these rows of B have lines; any address is fine.</param>
    /// <param name="spacing">Bytes from one such address to the next.</param>
    /// <returns>The address behind the last that was prefetched.</returns>
    static virtual byte* AddProducts<TSource>(float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* sums, byte* next, nint spacing)
        where TSource : struct, IVectorSource
        => throw new NotSupportedException();

    /// <summary>The dot products of four rows of A with one row of B, from their partial sums [4, 16].</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    /// <param name="sums">Partial sums.</param>
    static virtual Vector128<float> Totals<TSource>(float* sums)
        where TSource : struct, IVectorSource
        => throw new NotSupportedException();

    /// <summary><c>sums[j] += a[0] · b[0, j] + ... + a[7] · b[7, j]</c>, one fused multiply-add after the other.</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    /// <param name="a">Eight numbers.</param>
    /// <param name="b">Eight rows of B.</param>
    /// <param name="rowBytes">Bytes from one row of B to the next.</param>
    /// <param name="count">Columns.</param>
    /// <param name="sums">Sums.</param>
    /// <returns>Columns done: as many as fill whole vectors.</returns>
    static abstract int AddRows<TSource>(float* a, byte* b, nint rowBytes, int count, float* sums)
        where TSource : struct, IVectorSource;
}
