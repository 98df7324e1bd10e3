using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Weights stored as fp32.</summary>
internal unsafe struct SingleDecoder : IPanelDecoder
{
    /// <inheritdoc/>
    public static byte* Address(in WeightView weight, long row, int column)
        => (byte*)((float*)weight.Data + (row * weight.Columns) + column);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(int lanes, in WeightView weight, long row, int column, int count, float* destination)
    {
        var source = (float*)weight.Data + (row * weight.Columns) + column;
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(destination, count));
    }

    /// <inheritdoc/>
    public static void DecodeRows(int lanes, in WeightView weight, long row, int rows, int column, int count, float* destination, nint step)
        => ShortRow.Copy((float*)Address(weight, row, column), weight.Columns, count, rows, destination, step);

    /// <inheritdoc/>
    public static bool RunsPacking => true;

    /// <inheritdoc/>
    public static void RunPacking<TKernel>(
        in WeightView weight, long row, int column, int rows, nint depth, float* a, nint aRow, nint aStep, float* packed, float* c, nint ldc, bool accumulate)
        where TKernel : struct, IMicrokernel
        => TKernel.RunPacking<SingleSource>(
            rows, depth, a, aRow, aStep, Address(weight, row, column), (nint)weight.Columns * sizeof(float), packed, GemmTile.PanelWidth<TKernel>(), c, ldc, accumulate);

    /// <inheritdoc/>
    public static void DecodeTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, float* destination, nint step)
    {
        PanelTranspose.Run<SingleWidener>(lanes, Address(weight, row, column), (nint)weight.Columns * sizeof(float), rows, depth, destination, step);
    }
}

/// <summary>Weights stored in a 16-bit format.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal unsafe struct HalfWidthDecoder<TFormat> : IPanelDecoder
    where TFormat : struct, IHalfWidthFormat
{
    /// <inheritdoc/>
    public static byte* Address(in WeightView weight, long row, int column)
        => (byte*)((ushort*)weight.Data + (row * weight.Columns) + column);

    /// <inheritdoc/>
    public static void Decode(int lanes, in WeightView weight, long row, int column, int count, float* destination)
        => Decode(lanes, (ushort*)Address(weight, row, column), count, destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeRows(int lanes, in WeightView weight, long row, int rows, int column, int count, float* destination, nint step)
    {
        var source = (ushort*)Address(weight, row, column);
        for (; rows > 0; rows--, source += weight.Columns, destination += step)
        {
            Decode(lanes, source, count, destination);
        }
    }

    /// <inheritdoc/>
    public static bool RunsPacking => true;

    /// <inheritdoc/>
    public static void RunPacking<TKernel>(
        in WeightView weight, long row, int column, int rows, nint depth, float* a, nint aRow, nint aStep, float* packed, float* c, nint ldc, bool accumulate)
        where TKernel : struct, IMicrokernel
        => TKernel.RunPacking<HalfWidthSource<TFormat>>(
            rows, depth, a, aRow, aStep, Address(weight, row, column), (nint)weight.Columns * sizeof(ushort), packed, GemmTile.PanelWidth<TKernel>(), c, ldc, accumulate);

    /// <inheritdoc/>
    public static void DecodeTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, float* destination, nint step)
    {
        PanelTranspose.Run<PairWidener<TFormat>>(lanes, Address(weight, row, column), (nint)weight.Columns * sizeof(ushort), rows, depth, destination, step);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode(int lanes, ushort* source, int count, float* destination)
    {
        int i = 0;
        if (lanes == 16)
        {
            for (; i + 32 <= count; i += 32)
            {
                (Vector512<uint> lower, Vector512<uint> upper) = Vector512.Widen(Vector512.Load(source + i));
                TFormat.Lower(lower).Store(destination + i);
                TFormat.Lower(upper).Store(destination + i + 16);
            }
        }

        if (lanes >= 8)
        {
            for (; i + 16 <= count; i += 16)
            {
                (Vector256<uint> lower, Vector256<uint> upper) = Vector256.Widen(Vector256.Load(source + i));
                TFormat.Lower(lower).Store(destination + i);
                TFormat.Lower(upper).Store(destination + i + 8);
            }
        }

        if (lanes >= 4)
        {
            for (; i + 8 <= count; i += 8)
            {
                (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.Load(source + i));
                TFormat.Lower(lower).Store(destination + i);
                TFormat.Lower(upper).Store(destination + i + 4);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = TFormat.ToSingle(source[i]);
        }
    }
}
