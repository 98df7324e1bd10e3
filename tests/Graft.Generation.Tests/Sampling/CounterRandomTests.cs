using Graft.Generation.Sampling;

namespace Graft.Generation.Tests.Sampling;

public class CounterRandomTests
{
    // Known answers of philox4x32-10, from the paper's reference vectors.
    [Fact]
    public void Blocks_agree_with_the_reference_vectors()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), CounterRandom.Block((0, 0, 0, 0), (0, 0)));
        Assert.Equal(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            CounterRandom.Block((uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue), (uint.MaxValue, uint.MaxValue)));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            CounterRandom.Block((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0)));
    }

    [Fact]
    public void Numbers_are_even_and_differ_by_place()
    {
        double[] numbers = [.. Enumerable.Range(0, 5000).Select(i => CounterRandom.Uniform(7, 1, (ulong)i))];
        Assert.All(numbers, number => Assert.InRange(number, 0, 1 - 1e-16));
        Assert.Equal(0.5, numbers.Average(), 0.02);
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.NotEqual(CounterRandom.Uniform(7, 1, 0), CounterRandom.Uniform(7, 2, 0));
        Assert.NotEqual(CounterRandom.Uniform(7, 1, 0), CounterRandom.Uniform(8, 1, 0));
        Assert.Equal(CounterRandom.Uniform(7, 1, 3), numbers[3]);
    }
}
