using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Turns vectors of 32-bit units, which hold one element or two neighbouring ones, into columns of fp32.</summary>
internal unsafe interface IColumnWidener
{
    /// <summary>Elements in a 32-bit unit: 1 or 2, the lower half first.</summary>
    static abstract int ColumnsPerUnit { get; }

    /// <summary>One element.</summary>
    /// <param name="row">First element of the row.</param>
    /// <param name="index">Index in the row.</param>
    static abstract float Widen(byte* row, int index);

    /// <summary>Stores the columns in <paramref name="units"/>, <paramref name="step"/> elements apart.</summary>
    static abstract void Store(Vector512<uint> units, float* destination, nint step);

    /// <summary>Stores the columns in <paramref name="units"/>, <paramref name="step"/> elements apart.</summary>
    static abstract void Store(Vector256<uint> units, float* destination, nint step);

    /// <summary>Stores the columns in <paramref name="units"/>, <paramref name="step"/> elements apart.</summary>
    static abstract void Store(Vector128<uint> units, float* destination, nint step);
}

/// <summary>fp32 as it is.</summary>
internal unsafe struct SingleWidener : IColumnWidener
{
    /// <inheritdoc/>
    public static int ColumnsPerUnit => 1;

    /// <inheritdoc/>
    public static float Widen(byte* row, int index) => ((float*)row)[index];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> units, float* destination, nint step) => units.AsSingle().Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> units, float* destination, nint step) => units.AsSingle().Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> units, float* destination, nint step) => units.AsSingle().Store(destination);
}

/// <summary>Pairs of a 16-bit format.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal unsafe struct PairWidener<TFormat> : IColumnWidener
    where TFormat : struct, IHalfWidthFormat
{
    /// <inheritdoc/>
    public static int ColumnsPerUnit => 2;

    /// <inheritdoc/>
    public static float Widen(byte* row, int index) => TFormat.ToSingle(((ushort*)row)[index]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> units, float* destination, nint step)
    {
        TFormat.Lower(units).Store(destination);
        TFormat.Upper(units).Store(destination + step);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> units, float* destination, nint step)
    {
        TFormat.Lower(units).Store(destination);
        TFormat.Upper(units).Store(destination + step);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> units, float* destination, nint step)
    {
        TFormat.Lower(units).Store(destination);
        TFormat.Upper(units).Store(destination + step);
    }
}
