using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>The hyperbolic tangent.</summary>
internal static class HyperbolicTangent
{
    private const float PolynomialBelow = 0.625f;

    /// <summary><c>tanh(x)</c>, relative error below 3e-7; ±1 of the infinities, NaN of NaN.</summary>
    /// <remarks>
    /// Near zero <c>x + x³ p(x²)</c>, p a minimax polynomial for the relative error (4e-9), because <c>1 - 2 / (e^2x + 1)</c>, used
    /// elsewhere, cancels there.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Tanh<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes square = x * x;
        TLanes p = TLanes.MultiplyAdd(TLanes.Broadcast(-0.0057170452f), square, TLanes.Broadcast(0.020650588f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.053743497f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.13331491f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.33333284f));
        TLanes near = TLanes.MultiplyAdd(x * square, p, x);
        TLanes one = TLanes.Broadcast(1);
        TLanes far = one - (TLanes.Broadcast(2) / (Exponential.Exp(x + x) + one));
        return TLanes.Select(TLanes.GreaterThan(TLanes.Abs(x), TLanes.Broadcast(PolynomialBelow)), far, near);
    }
}
