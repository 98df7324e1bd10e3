using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>Random numbers without state: a number is a function of a key and a counter (design D7).</summary>
/// <remarks>Philox4x32-10: Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".</remarks>
public static class CounterRandom
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>Four independent 32-bit numbers.</summary>
    /// <param name="key">Names the stream.</param>
    /// <param name="counterHigh">Upper half of the position in the stream.</param>
    /// <param name="counterLow">Lower half of the position in the stream.</param>
    public static (uint A, uint B, uint C, uint D) Next(ulong key, ulong counterHigh, ulong counterLow)
    {
        uint c0 = (uint)counterLow, c1 = (uint)(counterLow >> 32), c2 = (uint)counterHigh, c3 = (uint)(counterHigh >> 32);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * c0;
            ulong product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>A number in [0, 1) with 24 random bits.</summary>
    /// <param name="bits">32 random bits.</param>
    public static float ToUniform(uint bits) => (bits >> 8) * (1f / (1 << 24));

    /// <summary>A key for a stream within a stream.</summary>
    /// <param name="key">The outer key.</param>
    /// <param name="index">Which inner stream.</param>
    public static ulong Derive(ulong key, ulong index)
    {
        (uint a, uint b, _, _) = Next(key, 0x47524146_54000000, index);
        return ((ulong)b << 32) | a;
    }

    /// <summary>Fills with numbers uniform in [<paramref name="low"/>, <paramref name="high"/>): four from each counter.</summary>
    /// <param name="destination">What to fill.</param>
    /// <param name="key">Names the stream.</param>
    /// <param name="low">Lower bound.</param>
    /// <param name="high">Upper bound.</param>
    public static void FillUniform(Span<float> destination, ulong key, float low, float high)
    {
        Span<uint> four = stackalloc uint[4];
        for (int i = 0; i < destination.Length; i += 4)
        {
            (four[0], four[1], four[2], four[3]) = Next(key, 0, (ulong)(i >> 2));
            for (int j = 0; j < Math.Min(4, destination.Length - i); j++)
            {
                destination[i + j] = low + ((high - low) * ToUniform(four[j]));
            }
        }
    }

    /// <summary>Fills with normally distributed numbers (Box and Muller 1958), within 5.8 standard deviations.</summary>
    /// <param name="destination">What to fill.</param>
    /// <param name="key">Names the stream.</param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="first">Index of the first number in the stream, a multiple of 64: a long stretch may be filled in parts.</param>
    public static unsafe void FillNormal(Span<float> destination, ulong key, float mean, float deviation, long first = 0)
    {
        if (first < 0 || first % NormalLanes.BlockLength != 0)
        {
            throw new ArgumentException($"a stream of normal numbers can be entered at multiples of {NormalLanes.BlockLength}, not at {first}", nameof(first));
        }

        fixed (float* target = destination)
        {
            switch (InstructionSet.Current)
            {
                case Isa.Avx512: NormalLanes.Fill<Lanes512>(target, destination.Length, key, mean, deviation, first); break;
                case Isa.Avx2: NormalLanes.Fill<Lanes256>(target, destination.Length, key, mean, deviation, first); break;
                case Isa.Vector128: NormalLanes.Fill<Lanes128>(target, destination.Length, key, mean, deviation, first); break;
                default: NormalLanes.Fill<LanesScalar>(target, destination.Length, key, mean, deviation, first); break;
            }
        }
    }
}
