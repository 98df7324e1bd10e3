using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Normally distributed numbers, sixteen at a time (Box and Muller 1958).</summary>
/// <remarks>
/// Number i of a stream comes from counter <c>i / 64 * 16 + i % 16</c>: of its four words, two make the cosine and the sine of numbers
/// 0 to 15 and 16 to 31 of each 64, the other two those of 32 to 47 and 48 to 63. So no number crosses lanes.
/// </remarks>
internal static unsafe class NormalLanes
{
    /// <summary>Numbers that sixteen counters make.</summary>
    public const int BlockLength = 4 * Lanes.Count;

    /// <summary>Fills with <c>mean + deviation · normal</c>.</summary>
    /// <param name="destination">What to fill.</param>
    /// <param name="count">How many.</param>
    /// <param name="key">Names the stream.</param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="first">Index of the first number in the stream, a multiple of <see cref="BlockLength"/>.</param>
    public static void Fill<TLanes>(float* destination, long count, ulong key, float mean, float deviation, long first)
        where TLanes : struct, ILanes<TLanes>
    {
        float* block = stackalloc float[BlockLength];
        for (long i = 0; i < count; i += BlockLength)
        {
            ulong counter = (ulong)(first + i) / 4;
            CounterLanes.Next(key, 1 + ((counter >> 32) << 1), (uint)counter, out TLanes a, out TLanes b, out TLanes c, out TLanes d);
            float* target = count - i >= BlockLength ? destination + i : block;
            StorePair(a, b, mean, deviation, target);
            StorePair(c, d, mean, deviation, target + (2 * Lanes.Count));
            if (target == block)
            {
                new Span<float>(block, (int)(count - i)).CopyTo(new Span<float>(destination + i, (int)(count - i)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair<TLanes>(TLanes a, TLanes b, float mean, float deviation, float* target)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1);
        TLanes unit = TLanes.Broadcast(1f / (1 << 24));

        // In (0, 1], so that the logarithm is finite.
        TLanes radius = TLanes.SquareRoot(TLanes.Broadcast(-2) * Log((TLanes.FromUpperBits(a) + one) * unit));
        radius *= TLanes.Broadcast(deviation);
        SineAndCosine((TLanes.FromUpperBits(b) * unit) - TLanes.Broadcast(0.5f), out TLanes sine, out TLanes cosine);
        TLanes means = TLanes.Broadcast(mean);
        TLanes.MultiplyAdd(radius, cosine, means).Store(target);
        TLanes.MultiplyAdd(radius, sine, means).Store(target + Lanes.Count);
    }

    /// <summary><c>ln x</c> for positive normal numbers, error below 2e-7 relative to max(1, |ln x|), and never above 0 for x up to 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Log<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1);
        TLanes exponent = TLanes.Exponent(x, out TLanes mantissa);
        TLanes isLarge = TLanes.GreaterThan(mantissa, TLanes.Broadcast(1.41421356f));
        mantissa = TLanes.Select(isLarge, mantissa * TLanes.Broadcast(0.5f), mantissa);
        exponent = TLanes.Select(isLarge, exponent + one, exponent);

        // ln m = 2 artanh(s), s = (m - 1) / (m + 1).
        TLanes s = (mantissa - one) / (mantissa + one);
        TLanes square = s * s;
        TLanes sum = TLanes.MultiplyAdd(square, TLanes.Broadcast(2f / 9), TLanes.Broadcast(2f / 7));
        sum = TLanes.MultiplyAdd(sum, square, TLanes.Broadcast(2f / 5));
        sum = TLanes.MultiplyAdd(sum, square, TLanes.Broadcast(2f / 3));
        sum = TLanes.MultiplyAdd(sum, square, TLanes.Broadcast(2));
        return TLanes.MultiplyAdd(exponent, TLanes.Broadcast(0.693147181f), sum * s);
    }

    /// <summary>Sine and cosine of <c>2π turns</c> for |turns| ≤ ½, error below 1e-6.</summary>
    /// <remarks>Taylor series of a quarter of the angle, which is then doubled twice.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SineAndCosine<TLanes>(TLanes turns, out TLanes sine, out TLanes cosine)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1);
        TLanes two = TLanes.Broadcast(2);
        TLanes angle = turns * TLanes.Broadcast(1.57079633f);
        TLanes square = angle * angle;
        sine = TLanes.MultiplyAdd(square, TLanes.Broadcast(2.75573192e-6f), TLanes.Broadcast(-1.98412698e-4f));
        sine = TLanes.MultiplyAdd(sine, square, TLanes.Broadcast(8.33333333e-3f));
        sine = TLanes.MultiplyAdd(sine, square, TLanes.Broadcast(-0.166666667f));
        sine = TLanes.MultiplyAdd(sine * square, angle, angle);
        cosine = TLanes.MultiplyAdd(square, TLanes.Broadcast(2.48015873e-5f), TLanes.Broadcast(-1.38888889e-3f));
        cosine = TLanes.MultiplyAdd(cosine, square, TLanes.Broadcast(4.16666667e-2f));
        cosine = TLanes.MultiplyAdd(cosine, square, TLanes.Broadcast(-0.5f));
        cosine = TLanes.MultiplyAdd(cosine, square, one);
        for (int i = 0; i < 2; i++)
        {
            TLanes doubled = two * sine;
            (sine, cosine) = (doubled * cosine, one - (doubled * sine));
        }
    }
}
