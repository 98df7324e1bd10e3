namespace Graft.Generation.Sampling;

/// <summary>
/// Random numbers that are a function of a seed and a place, with no state to carry: Philox 4x32 with ten rounds (Salmon et al.
/// 2011, "Parallel random numbers: as easy as 1, 2, 3"). The same seed gives the same text, whatever is generated beside it.
/// </summary>
public static class CounterRandom
{
    private const uint FirstMultiplier = 0xD2511F53;
    private const uint SecondMultiplier = 0xCD9E8D57;
    private const uint FirstWeyl = 0x9E3779B9;
    private const uint SecondWeyl = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="sequence">Which sequence.</param>
    /// <param name="position">Which token of it.</param>
    public static double Uniform(ulong seed, ulong sequence, ulong position)
    {
        (uint a, uint b, _, _) = Block(((uint)position, (uint)(position >> 32), (uint)sequence, (uint)(sequence >> 32)), ((uint)seed, (uint)(seed >> 32)));
        ulong bits = ((ulong)a << 32) | b;
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>One block of the cipher: 128 random bits for a 128-bit counter and a 64-bit key.</summary>
    internal static (uint A, uint B, uint C, uint D) Block((uint A, uint B, uint C, uint D) counter, (uint First, uint Second) key)
    {
        (uint a, uint b, uint c, uint d) = counter;
        for (int round = 0; round < Rounds; round++)
        {
            ulong first = (ulong)FirstMultiplier * a;
            ulong second = (ulong)SecondMultiplier * c;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ key.First, (uint)second, (uint)(first >> 32) ^ d ^ key.Second, (uint)first);
            key = (key.First + FirstWeyl, key.Second + SecondWeyl);
        }

        return (a, b, c, d);
    }
}
