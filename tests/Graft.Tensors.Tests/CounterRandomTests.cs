namespace Graft.Tensors.Tests;

public class CounterRandomTests
{
    /// <summary>The known answers that the authors of Philox4x32-10 publish.</summary>
    [Theory]
    [InlineData(0ul, 0ul, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x299f31d0_a4093822ul, 0x03707344_13198a2eul, 0x85a308d3_243f6a88ul, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Next_gives_the_known_answers(ulong key, ulong counterHigh, ulong counterLow, uint a, uint b, uint c, uint d)
        => Assert.Equal((a, b, c, d), CounterRandom.Next(key, counterHigh, counterLow));

    [Fact]
    public void Uniform_numbers_are_below_one()
    {
        Assert.Equal(0f, CounterRandom.ToUniform(0));
        Assert.Equal(1 - (1f / (1 << 24)), CounterRandom.ToUniform(uint.MaxValue));
    }

    [Fact]
    public void Fills_have_their_moments_and_depend_on_the_key_alone()
    {
        const int Count = 100_000;
        var uniform = new float[Count];
        CounterRandom.FillUniform(uniform, 5, -1, 3);
        Assert.All(uniform, v => Assert.InRange(v, -1, 3));
        Assert.InRange(uniform.Average(), 0.98, 1.02);
        Assert.InRange(uniform.Average(v => (v - 1) * (v - 1)), 16 / 12.0 * 0.98, 16 / 12.0 * 1.02);

        var normal = new float[Count];
        CounterRandom.FillNormal(normal, 5, 2, 0.5f);
        Assert.InRange(normal.Average(), 1.99, 2.01);
        Assert.InRange(normal.Average(v => (v - 2) * (v - 2)), 0.245, 0.255);
        Assert.InRange(normal.Count(v => Math.Abs(v - 2) < 0.5f) / (double)Count, 0.67, 0.695);

        var prefix = new float[10];
        CounterRandom.FillNormal(prefix, 5, 2, 0.5f);
        Assert.Equal(normal[..10], prefix);
        CounterRandom.FillNormal(prefix, 6, 2, 0.5f);
        Assert.NotEqual(normal[..10], prefix);
    }

    [Fact]
    public void Derived_keys_differ()
    {
        var keys = new HashSet<ulong>();
        for (ulong key = 0; key < 50; key++)
        {
            for (ulong index = 0; index < 50; index++)
            {
                Assert.True(keys.Add(CounterRandom.Derive(key, index)));
            }
        }
    }
}
