using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Sixteen lanes in two 256-bit registers.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Lanes256>
{
    private readonly Vector256<float> _v0, _v1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lanes256(Vector256<float> v0, Vector256<float> v1)
    {
        _v0 = v0;
        _v1 = v1;
    }

    private static Vector256<uint> OddLanes => Vector256.Create(0xFFFFFFFF_00000000).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Load(float* source) => new(Vector256.Load(source), Vector256.Load(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Broadcast(float value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a._v0 + b._v0, a._v1 + b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a._v0 - b._v0, a._v1 - b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a._v0 * b._v0, a._v1 * b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a._v0 / b._v0, a._v1 / b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 MultiplyAdd(Lanes256 a, Lanes256 b, Lanes256 c)
        => new(Vector256.FusedMultiplyAdd(a._v0, b._v0, c._v0), Vector256.FusedMultiplyAdd(a._v1, b._v1, c._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Abs(Lanes256 value) => new(Vector256.Abs(value._v0), Vector256.Abs(value._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 GreaterThan(Lanes256 a, Lanes256 b) => new(Vector256.GreaterThan(a._v0, b._v0), Vector256.GreaterThan(a._v1, b._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Select(Lanes256 mask, Lanes256 a, Lanes256 b)
        => new(Vector256.ConditionalSelect(mask._v0, a._v0, b._v0), Vector256.ConditionalSelect(mask._v1, a._v1, b._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 AddExponent(Lanes256 value, Lanes256 exponentBits)
        => new(AddExponent(value._v0, exponentBits._v0), AddExponent(value._v1, exponentBits._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes256 value) => Lanes.Sum(value._v0 + value._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Lanes256 value) => Lanes.Max(Lanes.Larger(value._v0, value._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 BroadcastBits(uint value) => new(Vector256.Create(value).AsSingle(), Vector256.Create(value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 CountFrom(uint first) => new(Indices(first), Indices(first + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Xor(Lanes256 a, Lanes256 b) => new(a._v0 ^ b._v0, a._v1 ^ b._v1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyBits(Lanes256 a, uint factor, out Lanes256 high, out Lanes256 low)
    {
        MultiplyBits(a._v0, factor, out Vector256<float> high0, out Vector256<float> low0);
        MultiplyBits(a._v1, factor, out Vector256<float> high1, out Vector256<float> low1);
        high = new(high0, high1);
        low = new(low0, low1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 WhereAtLeast(Lanes256 bits, uint threshold, Lanes256 value)
        => new(WhereAtLeast(bits._v0, threshold, value._v0), WhereAtLeast(bits._v1, threshold, value._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 FromUpperBits(Lanes256 bits) => new(FromUpperBits(bits._v0), FromUpperBits(bits._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Exponent(Lanes256 value, out Lanes256 mantissa)
    {
        mantissa = new(Mantissa(value._v0), Mantissa(value._v1));
        return new(Exponent(value._v0), Exponent(value._v1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 SquareRoot(Lanes256 value) => new(Vector256.Sqrt(value._v0), Vector256.Sqrt(value._v1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination)
    {
        _v0.Store(destination);
        _v1.Store(destination + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddExponent(Vector256<float> value, Vector256<float> exponentBits)
        => (value.AsUInt32() + (exponentBits.AsUInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Indices(uint first) => (Vector256<uint>.Indices + Vector256.Create(first)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> WhereAtLeast(Vector256<float> bits, uint threshold, Vector256<float> value)
        => Vector256.GreaterThanOrEqual(bits.AsUInt32(), Vector256.Create(threshold)).AsSingle() & value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyBits(Vector256<float> a, uint factor, out Vector256<float> high, out Vector256<float> low)
    {
        Vector256<uint> factors = Vector256.Create(factor);
        Vector256<ulong> even = Avx2.Multiply(a.AsUInt32(), factors);
        Vector256<ulong> odd = Avx2.Multiply((a.AsUInt64() >> 32).AsUInt32(), factors);
        high = Vector256.ConditionalSelect(OddLanes, odd.AsUInt32(), (even >> 32).AsUInt32()).AsSingle();
        low = Vector256.ConditionalSelect(OddLanes, (odd << 32).AsUInt32(), even.AsUInt32()).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FromUpperBits(Vector256<float> bits) => Vector256.ConvertToSingle((bits.AsUInt32() >> 8).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Exponent(Vector256<float> value) => Vector256.ConvertToSingle((value.AsUInt32() >> 23).AsInt32() - Vector256.Create(127));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mantissa(Vector256<float> value) => ((value.AsUInt32() & Vector256.Create(0x007F_FFFFu)) | Vector256.Create(0x3F80_0000u)).AsSingle();
}
