using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>The standard normal distribution, which the GELU is made of.</summary>
internal static class NormalDistribution
{
    private const float OneOverRootTwoPi = 0.39894228f;

    /// <summary><c>Φ(x) = (1 + erf(x / √2)) / 2</c>, absolute error below 2.5e-7; 0 below -13.2; NaN of NaN.</summary>
    /// <remarks>
    /// The tail is <c>e^(-x²/2) r(t)</c>, <c>t = 1 / (1 + 0.35 |x| / √2)</c>, with r a minimax polynomial for the relative error of half the
    /// scaled complementary error function (6e-8). So small values keep their relative precision, but for the rounding of x².
    /// </remarks>
    /// <param name="x">Where.</param>
    /// <param name="density">Receives <c>φ(x) = e^(-x²/2) / √(2π)</c>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Cumulative<TLanes>(TLanes x, out TLanes density)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes power = Exponential.Exp(x * x * TLanes.Broadcast(-0.5f));
        density = power * TLanes.Broadcast(OneOverRootTwoPi);
        TLanes one = TLanes.Broadcast(1);
        TLanes t = one / TLanes.MultiplyAdd(TLanes.Abs(x), TLanes.Broadcast(0.24748737f), one);
        TLanes r = TLanes.MultiplyAdd(TLanes.Broadcast(0.024059264f), t, TLanes.Broadcast(-0.15105371f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.30664629f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(-0.22176155f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.21496372f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.026560526f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.10448375f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.097293429f));
        r = TLanes.MultiplyAdd(r, t, TLanes.Broadcast(0.098808266f));
        TLanes tail = power * (r * t);
        return TLanes.Select(TLanes.GreaterThan(x, TLanes.Broadcast(0)), one - tail, tail);
    }
}
