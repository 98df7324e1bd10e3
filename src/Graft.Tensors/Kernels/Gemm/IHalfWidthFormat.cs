using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>A 16-bit floating-point format that widens to fp32 exactly, two elements in each 32-bit unit.</summary>
internal interface IHalfWidthFormat
{
    /// <summary>One element.</summary>
    static abstract float ToSingle(ushort bits);

    /// <summary>The lower half of each unit.</summary>
    static abstract Vector512<float> Lower(Vector512<uint> units);

    /// <summary>The upper half of each unit.</summary>
    static abstract Vector512<float> Upper(Vector512<uint> units);

    /// <inheritdoc cref="Lower(Vector512{uint})"/>
    static abstract Vector256<float> Lower(Vector256<uint> units);

    /// <inheritdoc cref="Upper(Vector512{uint})"/>
    static abstract Vector256<float> Upper(Vector256<uint> units);

    /// <inheritdoc cref="Lower(Vector512{uint})"/>
    static abstract Vector128<float> Lower(Vector128<uint> units);

    /// <inheritdoc cref="Upper(Vector512{uint})"/>
    static abstract Vector128<float> Upper(Vector128<uint> units);
}

/// <summary>bfloat16: the upper half of a binary32.</summary>
internal struct BFloat16Format : IHalfWidthFormat
{
    private const uint UpperHalf = 0xFFFF0000;

    /// <inheritdoc/>
    public static float ToSingle(ushort bits) => BFloat16.ToSingle(bits);

    /// <inheritdoc/>
    public static Vector512<float> Lower(Vector512<uint> units) => (units << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> Upper(Vector512<uint> units) => (units & Vector512.Create(UpperHalf)).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> Lower(Vector256<uint> units) => (units << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> Upper(Vector256<uint> units) => (units & Vector256.Create(UpperHalf)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> Lower(Vector128<uint> units) => (units << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> Upper(Vector128<uint> units) => (units & Vector128.Create(UpperHalf)).AsSingle();
}

/// <summary>binary16, without F16C (which .NET 10 does not expose).</summary>
/// <remarks>
/// The 15 bits of magnitude, moved to where binary32 keeps them, times 2^112 corrects the exponent's bias; subnormals come out
/// right because the multiplication is exact. An exponent of all ones becomes one of all ones: infinity stays, NaN stays NaN.
/// </remarks>
internal struct Float16Format : IHalfWidthFormat
{
    private const uint Magnitude = 0x7FFF;
    private const uint Sign = 0x8000;
    private const int Infinity = 0x7C00;
    private const uint SingleExponent = 0x7F800000;
    private const float BiasCorrection = 5.192296858534828e33f; // 2^112

    /// <inheritdoc/>
    public static float ToSingle(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Lower(Vector512<uint> units)
    {
        Vector512<uint> magnitude = units & Vector512.Create(Magnitude);
        Vector512<uint> value = ((magnitude << 13).AsSingle() * Vector512.Create(BiasCorrection)).AsUInt32();
        value |= Vector512.GreaterThanOrEqual(magnitude.AsInt32(), Vector512.Create(Infinity)).AsUInt32() & Vector512.Create(SingleExponent);
        return (value | ((units & Vector512.Create(Sign)) << 16)).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Upper(Vector512<uint> units) => Lower(units >> 16);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Lower(Vector256<uint> units)
    {
        Vector256<uint> magnitude = units & Vector256.Create(Magnitude);
        Vector256<uint> value = ((magnitude << 13).AsSingle() * Vector256.Create(BiasCorrection)).AsUInt32();
        value |= Vector256.GreaterThanOrEqual(magnitude.AsInt32(), Vector256.Create(Infinity)).AsUInt32() & Vector256.Create(SingleExponent);
        return (value | ((units & Vector256.Create(Sign)) << 16)).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Upper(Vector256<uint> units) => Lower(units >> 16);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Lower(Vector128<uint> units)
    {
        Vector128<uint> magnitude = units & Vector128.Create(Magnitude);
        Vector128<uint> value = ((magnitude << 13).AsSingle() * Vector128.Create(BiasCorrection)).AsUInt32();
        value |= Vector128.GreaterThanOrEqual(magnitude.AsInt32(), Vector128.Create(Infinity)).AsUInt32() & Vector128.Create(SingleExponent);
        return (value | ((units & Vector128.Create(Sign)) << 16)).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Upper(Vector128<uint> units) => Lower(units >> 16);
}
