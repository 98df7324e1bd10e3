using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary><see cref="CounterRandom"/> for sixteen counters at once.</summary>
internal static class CounterLanes
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>What <see cref="CounterRandom.Next"/> returns for the sixteen counters from <paramref name="first"/> on, as bits.</summary>
    /// <param name="key">Names the stream.</param>
    /// <param name="counterHigh">Upper half of the position in the stream.</param>
    /// <param name="first">Lower half of the position of lane 0; that of lane 15 is below 2^32 too.</param>
    /// <param name="a">First number of each.</param>
    /// <param name="b">Second number.</param>
    /// <param name="c">Third number.</param>
    /// <param name="d">Fourth number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Next<TLanes>(ulong key, ulong counterHigh, uint first, out TLanes a, out TLanes b, out TLanes c, out TLanes d)
        where TLanes : struct, ILanes<TLanes>
    {
        a = TLanes.CountFrom(first);
        b = TLanes.BroadcastBits(0);
        c = TLanes.BroadcastBits((uint)counterHigh);
        d = TLanes.BroadcastBits((uint)(counterHigh >> 32));
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        for (int round = 0; round < 10; round++)
        {
            TLanes.MultiplyBits(a, Multiplier0, out TLanes high0, out TLanes low0);
            TLanes.MultiplyBits(c, Multiplier1, out TLanes high1, out TLanes low1);
            a = TLanes.Xor(TLanes.Xor(high1, b), TLanes.BroadcastBits(k0));
            b = low1;
            c = TLanes.Xor(TLanes.Xor(high0, d), TLanes.BroadcastBits(k1));
            d = low0;
            k0 = unchecked(k0 + Weyl0);
            k1 = unchecked(k1 + Weyl1);
        }
    }
}
