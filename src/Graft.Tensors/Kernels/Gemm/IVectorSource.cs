using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Loads neighbouring elements of a stored row as a vector of fp32.</summary>
internal unsafe interface IVectorSource
{
    /// <summary>Bytes of an element.</summary>
    static abstract int ElementBytes { get; }

    /// <summary>One element.</summary>
    static abstract float Load(byte* row, nint index);

    /// <summary>Four elements.</summary>
    static abstract Vector128<float> Load128(byte* row, nint index);

    /// <summary>Eight elements.</summary>
    static abstract Vector256<float> Load256(byte* row, nint index);

    /// <summary>Sixteen elements.</summary>
    static abstract Vector512<float> Load512(byte* row, nint index);

    /// <summary>Half of sixteen elements, whichever half is cheap: of 32-bit ones the first eight, of 16-bit ones every other from the first.</summary>
    static abstract Vector256<float> FirstHalf(byte* row, nint index);

    /// <summary>The other half of sixteen elements.</summary>
    static abstract Vector256<float> SecondHalf(byte* row, nint index);
}

/// <summary>fp32.</summary>
internal unsafe struct SingleSource : IVectorSource
{
    /// <inheritdoc/>
    public static int ElementBytes => sizeof(float);

    /// <inheritdoc/>
    public static float Load(byte* row, nint index) => ((float*)row)[index];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(byte* row, nint index) => Vector128.Load((float*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* row, nint index) => Vector256.Load((float*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* row, nint index) => Vector512.Load((float*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FirstHalf(byte* row, nint index) => Vector256.Load((float*)row + index);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SecondHalf(byte* row, nint index) => Vector256.Load((float*)row + index + 8);
}

/// <summary>A 16-bit format.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal unsafe struct HalfWidthSource<TFormat> : IVectorSource
    where TFormat : struct, IHalfWidthFormat
{
    /// <inheritdoc/>
    public static int ElementBytes => sizeof(ushort);

    /// <inheritdoc/>
    public static float Load(byte* row, nint index) => TFormat.ToSingle(((ushort*)row)[index]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load128(byte* row, nint index)
        => TFormat.Lower(Vector128.WidenLower(Vector64.Load((ushort*)row + index).ToVector128Unsafe()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load256(byte* row, nint index)
        => TFormat.Lower(Vector256.WidenLower(Vector128.Load((ushort*)row + index).ToVector256Unsafe()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load512(byte* row, nint index)
        => TFormat.Lower(Vector512.WidenLower(Vector256.Load((ushort*)row + index).ToVector512Unsafe()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FirstHalf(byte* row, nint index) => TFormat.Lower(Vector256.Load((ushort*)row + index).AsUInt32());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SecondHalf(byte* row, nint index) => TFormat.Upper(Vector256.Load((ushort*)row + index).AsUInt32());
}
