using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>The exponential function and the logistic function made of it.</summary>
internal static class Exponential
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts; the upper has few enough bits that its product with an exponent is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
    private const float Magic = 12582912f;

    private const float Largest = 88.722839f;
    private const float Smallest = -87.336544f;

    /// <summary><c>e^x</c>, relative error below 1.2e-7; below -87.336544 (where it becomes denormal) 0, above 88.722839 infinity, NaN of NaN.</summary>
    /// <remarks><c>x = n ln 2 + r</c>; <c>e^r = 1 + r + r² q(r)</c> with q a minimax polynomial for the relative error on |r| ≤ ln 2 / 2 (3e-9).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes magic = TLanes.Broadcast(Magic);
        TLanes shifted = TLanes.MultiplyAdd(x, TLanes.Broadcast(Log2E), magic);
        TLanes n = shifted - magic;
        TLanes r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-Ln2High), x);
        r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-Ln2Low), r);
        TLanes q = TLanes.MultiplyAdd(TLanes.Broadcast(0.0013814467f), r, TLanes.Broadcast(0.0083687808f));
        q = TLanes.MultiplyAdd(q, r, TLanes.Broadcast(0.041668393f));
        q = TLanes.MultiplyAdd(q, r, TLanes.Broadcast(0.16666520f));
        q = TLanes.MultiplyAdd(q, r, TLanes.Broadcast(0.49999994f));
        TLanes power = TLanes.MultiplyAdd(r * r, q, r) + TLanes.Broadcast(1);

        // x - x is 0, or NaN for a NaN, whose bits the exponent may have turned into a number; of an infinity the selection takes care.
        TLanes result = TLanes.AddExponent(power, shifted) + (x - x);
        result = TLanes.Select(TLanes.GreaterThan(x, TLanes.Broadcast(Largest)), TLanes.Broadcast(float.PositiveInfinity), result);
        return TLanes.Select(TLanes.GreaterThan(TLanes.Broadcast(Smallest), x), TLanes.Broadcast(0), result);
    }

    /// <summary><c>σ(x) = 1 / (1 + e^-x)</c>, relative error below 2.5e-7; 0 below -88.7, NaN of NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Sigmoid<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1);
        return one / (one + Exp(TLanes.Broadcast(0) - x));
    }
}
