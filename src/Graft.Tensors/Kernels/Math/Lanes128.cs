using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Sixteen lanes in four 128-bit registers.</summary>
internal readonly unsafe struct Lanes128 : ILanes<Lanes128>
{
    private readonly Vector128<float> _v0, _v1, _v2, _v3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes128(Vector128<float> v0, Vector128<float> v1, Vector128<float> v2, Vector128<float> v3)
    {
        _v0 = v0;
        _v1 = v1;
        _v2 = v2;
        _v3 = v3;
    }

    private static Vector128<uint> OddLanes => Vector128.Create(0xFFFFFFFF_00000000).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Load(float* source)
        => new(Vector128.Load(source), Vector128.Load(source + 4), Vector128.Load(source + 8), Vector128.Load(source + 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Broadcast(float value)
        => new(Vector128.Create(value), Vector128.Create(value), Vector128.Create(value), Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator +(Lanes128 a, Lanes128 b) => new(a._v0 + b._v0, a._v1 + b._v1, a._v2 + b._v2, a._v3 + b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator -(Lanes128 a, Lanes128 b) => new(a._v0 - b._v0, a._v1 - b._v1, a._v2 - b._v2, a._v3 - b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator *(Lanes128 a, Lanes128 b) => new(a._v0 * b._v0, a._v1 * b._v1, a._v2 * b._v2, a._v3 * b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator /(Lanes128 a, Lanes128 b) => new(a._v0 / b._v0, a._v1 / b._v1, a._v2 / b._v2, a._v3 / b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 MultiplyAdd(Lanes128 a, Lanes128 b, Lanes128 c)
        => new(
            Vector128.FusedMultiplyAdd(a._v0, b._v0, c._v0),
            Vector128.FusedMultiplyAdd(a._v1, b._v1, c._v1),
            Vector128.FusedMultiplyAdd(a._v2, b._v2, c._v2),
            Vector128.FusedMultiplyAdd(a._v3, b._v3, c._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Abs(Lanes128 value)
        => new(Vector128.Abs(value._v0), Vector128.Abs(value._v1), Vector128.Abs(value._v2), Vector128.Abs(value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 GreaterThan(Lanes128 a, Lanes128 b)
        => new(
            Vector128.GreaterThan(a._v0, b._v0),
            Vector128.GreaterThan(a._v1, b._v1),
            Vector128.GreaterThan(a._v2, b._v2),
            Vector128.GreaterThan(a._v3, b._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Select(Lanes128 mask, Lanes128 a, Lanes128 b)
        => new(
            Vector128.ConditionalSelect(mask._v0, a._v0, b._v0),
            Vector128.ConditionalSelect(mask._v1, a._v1, b._v1),
            Vector128.ConditionalSelect(mask._v2, a._v2, b._v2),
            Vector128.ConditionalSelect(mask._v3, a._v3, b._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 AddExponent(Lanes128 value, Lanes128 exponentBits)
        => new(
            AddExponent(value._v0, exponentBits._v0),
            AddExponent(value._v1, exponentBits._v1),
            AddExponent(value._v2, exponentBits._v2),
            AddExponent(value._v3, exponentBits._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes128 value) => Lanes.Sum((value._v0 + value._v2) + (value._v1 + value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Lanes128 value)
        => Lanes.Max(Lanes.Larger(Lanes.Larger(value._v0, value._v2), Lanes.Larger(value._v1, value._v3)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 BroadcastBits(uint value)
        => new(
            Vector128.Create(value).AsSingle(),
            Vector128.Create(value).AsSingle(),
            Vector128.Create(value).AsSingle(),
            Vector128.Create(value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 CountFrom(uint first) => new(Indices(first), Indices(first + 4), Indices(first + 8), Indices(first + 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Xor(Lanes128 a, Lanes128 b) => new(a._v0 ^ b._v0, a._v1 ^ b._v1, a._v2 ^ b._v2, a._v3 ^ b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyBits(Lanes128 a, uint factor, out Lanes128 high, out Lanes128 low)
    {
        MultiplyBits(a._v0, factor, out Vector128<float> high0, out Vector128<float> low0);
        MultiplyBits(a._v1, factor, out Vector128<float> high1, out Vector128<float> low1);
        MultiplyBits(a._v2, factor, out Vector128<float> high2, out Vector128<float> low2);
        MultiplyBits(a._v3, factor, out Vector128<float> high3, out Vector128<float> low3);
        high = new(high0, high1, high2, high3);
        low = new(low0, low1, low2, low3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 WhereAtLeast(Lanes128 bits, uint threshold, Lanes128 value)
        => new(
            WhereAtLeast(bits._v0, threshold, value._v0),
            WhereAtLeast(bits._v1, threshold, value._v1),
            WhereAtLeast(bits._v2, threshold, value._v2),
            WhereAtLeast(bits._v3, threshold, value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 FromUpperBits(Lanes128 bits) => new(FromUpperBits(bits._v0), FromUpperBits(bits._v1), FromUpperBits(bits._v2), FromUpperBits(bits._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Exponent(Lanes128 value, out Lanes128 mantissa)
    {
        mantissa = new(Mantissa(value._v0), Mantissa(value._v1), Mantissa(value._v2), Mantissa(value._v3));
        return new(Exponent(value._v0), Exponent(value._v1), Exponent(value._v2), Exponent(value._v3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 SquareRoot(Lanes128 value) => new(Vector128.Sqrt(value._v0), Vector128.Sqrt(value._v1), Vector128.Sqrt(value._v2), Vector128.Sqrt(value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination)
    {
        _v0.Store(destination);
        _v1.Store(destination + 4);
        _v2.Store(destination + 8);
        _v3.Store(destination + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> AddExponent(Vector128<float> value, Vector128<float> exponentBits)
        => (value.AsUInt32() + (exponentBits.AsUInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Indices(uint first) => (Vector128<uint>.Indices + Vector128.Create(first)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> WhereAtLeast(Vector128<float> bits, uint threshold, Vector128<float> value)
        => Vector128.GreaterThanOrEqual(bits.AsUInt32(), Vector128.Create(threshold)).AsSingle() & value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyBits(Vector128<float> a, uint factor, out Vector128<float> high, out Vector128<float> low)
    {
        Vector128<uint> factors = Vector128.Create(factor);
        Vector128<ulong> even = MultiplyEven(a.AsUInt32(), factors);
        Vector128<ulong> odd = MultiplyEven((a.AsUInt64() >> 32).AsUInt32(), factors);
        high = Vector128.ConditionalSelect(OddLanes, odd.AsUInt32(), (even >> 32).AsUInt32()).AsSingle();
        low = Vector128.ConditionalSelect(OddLanes, (odd << 32).AsUInt32(), even.AsUInt32()).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> MultiplyEven(Vector128<uint> a, Vector128<uint> b)
        => Sse2.IsSupported
            ? Sse2.Multiply(a, b)
            : Vector128.AndNot(a, OddLanes).AsUInt64() * Vector128.AndNot(b, OddLanes).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FromUpperBits(Vector128<float> bits) => Vector128.ConvertToSingle((bits.AsUInt32() >> 8).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Exponent(Vector128<float> value) => Vector128.ConvertToSingle((value.AsUInt32() >> 23).AsInt32() - Vector128.Create(127));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Mantissa(Vector128<float> value) => ((value.AsUInt32() & Vector128.Create(0x007F_FFFFu)) | Vector128.Create(0x3F80_0000u)).AsSingle();
}
