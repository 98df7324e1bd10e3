using Graft.Cli.Rendering;

namespace Graft.Cli.Tests.Rendering;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(187, "3:07")]
    [InlineData(7509, "2:05:09")]
    [InlineData(double.NaN, "?")]
    public void Times(double seconds, string expected) => Assert.Equal(expected, Units.Time(seconds));

    [Theory]
    [InlineData(2048, "2 KiB")]
    [InlineData(3.2 * 1024 * 1024, "3.2 MiB")]
    [InlineData(1.5 * 1024 * 1024 * 1024, "1.50 GiB")]
    public void Sizes(double bytes, string expected) => Assert.Equal(expected, Units.Bytes(bytes));
}
