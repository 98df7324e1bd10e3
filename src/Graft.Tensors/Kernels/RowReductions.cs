using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Sums over a row: single precision in sixteen lanes for 1024 numbers at a time, double precision over those.</summary>
/// <remarks>So the order is fixed, and the error of a row of a quarter of a million logits is that of one of a thousand.</remarks>
internal static unsafe class RowReductions
{
    private const int BlockLength = 1024;

    /// <summary>A term of a sum.</summary>
    internal interface ITerm
    {
        /// <summary>What an absent number past the end of the row is taken for: its term must be 0.</summary>
        float Fill { get; }

        /// <summary>Sixteen terms added to <paramref name="sum"/>.</summary>
        TLanes Add<TLanes>(TLanes sum, TLanes x)
            where TLanes : struct, ILanes<TLanes>;
    }

    /// <summary>Largest number of a row; NaN only if it comes last of its lane.</summary>
    public static float Max<TLanes>(float* x, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        float* buffer = stackalloc float[PaddedRow.Padding];
        var row = new PaddedRow(x, count, buffer, float.NegativeInfinity);
        TLanes max = TLanes.Broadcast(float.NegativeInfinity);
        for (int i = 0; i < count; i += Lanes.Count)
        {
            max = Lanes.Larger(max, row.Load<TLanes>(i));
        }

        return TLanes.Max(max);
    }

    /// <summary>Sum of one term for each number of a row.</summary>
    public static double Sum<TLanes, TTerm>(float* x, int count, TTerm term)
        where TLanes : struct, ILanes<TLanes>
        where TTerm : struct, ITerm
    {
        float* buffer = stackalloc float[PaddedRow.Padding];
        var row = new PaddedRow(x, count, buffer, term.Fill);
        double total = 0;
        for (int start = 0; start < count; start += BlockLength)
        {
            int end = Math.Min(count, start + BlockLength);
            TLanes sum = TLanes.Broadcast(0);
            for (int i = start; i < end; i += Lanes.Count)
            {
                sum = term.Add(sum, row.Load<TLanes>(i));
            }

            total += TLanes.Sum(sum);
        }

        return total;
    }

    /// <summary><c>x</c>.</summary>
    internal readonly struct Value : ITerm
    {
        public float Fill => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes Add<TLanes>(TLanes sum, TLanes x)
            where TLanes : struct, ILanes<TLanes>
            => sum + x;
    }

    /// <summary><c>(x - center)²</c>.</summary>
    internal readonly struct SquaredDistance(float center) : ITerm
    {
        public float Fill => center;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes Add<TLanes>(TLanes sum, TLanes x)
            where TLanes : struct, ILanes<TLanes>
        {
            TLanes distance = x - TLanes.Broadcast(center);
            return TLanes.MultiplyAdd(distance, distance, sum);
        }
    }

    /// <summary><c>exp(x - offset)</c>.</summary>
    internal readonly struct Exponent(float offset) : ITerm
    {
        public float Fill => float.NegativeInfinity;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes Add<TLanes>(TLanes sum, TLanes x)
            where TLanes : struct, ILanes<TLanes>
            => sum + Exponential.Exp(x - TLanes.Broadcast(offset));
    }
}
