using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Turns one storage format of weights into panels of bf16 pairs: 32-bit units of two neighbouring k, the even one in the lower half.</summary>
/// <remarks>
/// Structs without fields implement it. Where k is odd, the last unit's upper half is 0. What is not bf16 in storage is rounded to nearest, ties to even.
/// </remarks>
internal unsafe interface IPairDecoder
{
    /// <summary>Where an element is stored.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">Row.</param>
    /// <param name="column">Column.</param>
    static abstract byte* Address(in WeightView weight, long row, int column);

    /// <summary>Up to <paramref name="lanes"/> rows side by side, k along the columns; lanes without a row repeat the last.</summary>
    /// <param name="lanes">Vector length to work with: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix [n, k].</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows, at most <paramref name="lanes"/>.</param>
    /// <param name="column">First column.</param>
    /// <param name="depth">Columns, at most <see cref="BFloat16Rows.MaxDepth"/>.</param>
    /// <param name="destination">Where to write units.</param>
    /// <param name="step">Units from one pair to the next there.</param>
    static abstract void PackTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, uint* destination, nint step);

    /// <summary>A few columns of consecutive rows, k along the rows.</summary>
    /// <param name="lanes">Vector length to work with: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix [k, n].</param>
    /// <param name="row">First row.</param>
    /// <param name="depth">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns, at most <see cref="BFloat16Rows.MaxColumns"/>.</param>
    /// <param name="destination">Where to write units.</param>
    /// <param name="step">Units from one pair to the next there.</param>
    static abstract void PackRows(int lanes, in WeightView weight, long row, int depth, int column, int count, uint* destination, nint step);
}

/// <summary>Weights stored as bf16: nothing is converted.</summary>
internal unsafe struct BFloat16Pairs : IPairDecoder
{
    /// <inheritdoc/>
    public static byte* Address(in WeightView weight, long row, int column) => (byte*)((ushort*)weight.Data + (row * weight.Columns) + column);

    /// <inheritdoc/>
    public static void PackTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, uint* destination, nint step)
        => BFloat16Rows.Transpose(lanes, (ushort*)Address(weight, row, column), weight.Columns, rows, depth, destination, step);

    /// <inheritdoc/>
    public static void PackRows(int lanes, in WeightView weight, long row, int depth, int column, int count, uint* destination, nint step)
        => BFloat16Rows.Interleave(lanes, (ushort*)Address(weight, row, column), weight.Columns, depth, count, destination, step);
}

/// <summary>Weights in any other format: decoded to fp32 in the first-level cache, then rounded.</summary>
/// <typeparam name="TDecoder">The storage format.</typeparam>
internal unsafe struct RoundedPairs<TDecoder> : IPairDecoder
    where TDecoder : struct, IPanelDecoder
{
    private const int MaximumLanes = 16;

    /// <inheritdoc/>
    public static byte* Address(in WeightView weight, long row, int column) => TDecoder.Address(weight, row, column);

    /// <inheritdoc/>
    [SkipLocalsInit]
    public static void PackTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, uint* destination, nint step)
    {
        float* decoded = stackalloc float[BFloat16Rows.MaxDepth];
        ushort* rounded = stackalloc ushort[MaximumLanes * BFloat16Rows.MaxDepth];
        for (int i = 0; i < rows; i++)
        {
            TDecoder.Decode(lanes, weight, row + i, column, depth, decoded);
            BFloat16Rows.Round(decoded, depth, rounded + (i * BFloat16Rows.MaxDepth));
        }

        BFloat16Rows.Transpose(lanes, rounded, BFloat16Rows.MaxDepth, rows, depth, destination, step);
    }

    /// <inheritdoc/>
    [SkipLocalsInit]
    public static void PackRows(int lanes, in WeightView weight, long row, int depth, int column, int count, uint* destination, nint step)
    {
        const int RowsAtOnce = 8;
        float* decoded = stackalloc float[RowsAtOnce * BFloat16Rows.MaxColumns];
        for (int p = 0; p < depth; p += RowsAtOnce, destination += RowsAtOnce / 2 * step)
        {
            int rows = Math.Min(RowsAtOnce, depth - p);
            for (int i = 0; i < rows; i++)
            {
                TDecoder.Decode(lanes, weight, row + p + i, column, count, decoded + (i * BFloat16Rows.MaxColumns));
            }

            BFloat16Rows.RoundPairs(lanes, decoded, BFloat16Rows.MaxColumns, rows, count, destination, step);
        }
    }
}
