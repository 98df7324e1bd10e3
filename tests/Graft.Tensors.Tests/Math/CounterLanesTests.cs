using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

public unsafe class CounterLanesTests
{
    [Fact]
    public void Sixteen_counters_at_once_give_what_each_gives_alone()
    {
        foreach (Isa isa in LaneFunctions.Available)
        {
            Compare(isa, key: 0, counterHigh: 0, first: 0);
            Compare(isa, key: 0xFEDCBA98_76543210, counterHigh: 0x12345678_9ABCDEF0, first: 4_294_967_280);
        }
    }

    private static void Compare(Isa isa, ulong key, ulong counterHigh, uint first)
    {
        uint[] actual = isa switch
        {
            Isa.Avx512 => Numbers<Lanes512>(key, counterHigh, first),
            Isa.Avx2 => Numbers<Lanes256>(key, counterHigh, first),
            Isa.Vector128 => Numbers<Lanes128>(key, counterHigh, first),
            _ => Numbers<LanesScalar>(key, counterHigh, first),
        };
        for (int i = 0; i < 16; i++)
        {
            (uint a, uint b, uint c, uint d) = CounterRandom.Next(key, counterHigh, first + (uint)i);
            Assert.Equal((a, b, c, d), (actual[i], actual[16 + i], actual[32 + i], actual[48 + i]));
        }
    }

    private static uint[] Numbers<TLanes>(ulong key, ulong counterHigh, uint first)
        where TLanes : struct, ILanes<TLanes>
    {
        var numbers = new uint[64];
        CounterLanes.Next(key, counterHigh, first, out TLanes a, out TLanes b, out TLanes c, out TLanes d);
        fixed (uint* data = numbers)
        {
            a.Store((float*)data);
            b.Store((float*)(data + 16));
            c.Store((float*)(data + 32));
            d.Store((float*)(data + 48));
        }

        return numbers;
    }
}
