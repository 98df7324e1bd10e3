using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class Crc32Tests
{
    [Fact]
    public void Check_values_are_those_of_the_catalogue()
    {
        Assert.Equal(0xCBF43926u, Crc32.Zlib.Compute("123456789"u8));
        Assert.Equal(0xE3069283u, Crc32.Castagnoli.Compute("123456789"u8));
        Assert.Equal(0u, Crc32.Zlib.Compute([]));
    }

    [Fact]
    public void Bytes_may_come_in_parts()
        => Assert.Equal(Crc32.Castagnoli.Compute("123456789"u8), Crc32.Castagnoli.Compute("6789"u8, Crc32.Castagnoli.Compute("12345"u8)));
}
