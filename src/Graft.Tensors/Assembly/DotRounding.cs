using Graft.Tensors.Kernels;

namespace Graft.Tensors.Assembly;

/// <summary>Whether this CPU's <c>vdpbf16ps</c> rounds as <see cref="BFloat16Dot"/> defines it: makers describe the steps, and nothing else vouches for them.</summary>
internal static unsafe class DotRounding
{
    private const int Groups = 64;
    private const int Rows = 4;
    private const ulong Key = 0x6772616674;

    private static readonly Lazy<bool> IsDefined = new(() => CpuFeatures.Current.Avx512BFloat16 && Agrees(AssembledTile.BFloat16Dot));

    /// <summary>What a few thousand products with exponents of all sizes say, subnormal ones among them; false where the CPU lacks the instruction.</summary>
    public static bool IsAsDefined => IsDefined.Value;

    /// <summary>Whether a tile computes the sums of the definition, bit by bit.</summary>
    /// <param name="tile">A tile of bf16 that this CPU can run.</param>
    public static bool Agrees(ProductTile tile)
    {
        uint[] a = Units(Groups * tile.PackedRows, stream: 0);
        uint[] b = Units(Groups * tile.Lanes, stream: 1);
        var c = new float[Rows * tile.Lanes];
        fixed (uint* aData = a, bData = b)
        fixed (float* cData = c)
        {
            var arguments = new TileArguments { A = aData, B = bData, C = cData, RowBytes = tile.Lanes * sizeof(float), Groups = Groups, Panels = 1, Prefetch = (nint)aData };
            tile.Run(Rows, tile.Lanes, ref arguments);
        }

        for (int i = 0; i < c.Length; i++)
        {
            float sum = 0;
            for (int k = 0; k < Groups; k++)
            {
                sum = BFloat16Dot.Add(a[(k * tile.PackedRows) + (i / tile.Lanes)], b[(k * tile.Lanes) + (i % tile.Lanes)], sum);
            }

            if (BitConverter.SingleToUInt32Bits(sum) != BitConverter.SingleToUInt32Bits(c[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Pairs of finite bf16: any sign and mantissa, exponents whose products and sums neither overflow nor all vanish.</summary>
    internal static uint[] Units(int count, ulong stream)
    {
        const uint Finite = 0x3FFF; // below 2
        const uint Sign = 0x8000;
        var units = new uint[count];
        for (int i = 0; i < count; i++)
        {
            (uint low, uint high, uint exponents, _) = CounterRandom.Next(Key, stream, (ulong)i);

            // Every other number is near 1, so that sums have bits to lose; the rest are anything down to subnormal.
            uint even = exponents % 2 == 0 ? 0x3F00 | (low & 0xFF) : low & Finite;
            uint odd = exponents % 3 == 0 ? 0x3F00 | (high & 0xFF) : high & Finite;
            units[i] = even | ((low >> 8) & Sign) | ((odd | ((high >> 8) & Sign)) << 16);
        }

        return units;
    }
}
