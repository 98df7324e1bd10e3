using System.Text.Json;
using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class WandbJsonTests
{
    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(-0.0, "-0")]
    [InlineData(1.0, "1")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(100000.0, "100000")]
    [InlineData(999999.5, "999999.5")]
    [InlineData(1000000.0, "1e+06")]
    [InlineData(1795298157.340039, "1.795298157340039e+09")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00015, "0.00015")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(2.7484725660000002, "2.7484725660000002")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Numbers_are_gos(double value, string expected) => Assert.Equal(expected, WandbJson.Write(value));

    [Fact]
    public void Every_number_reads_back()
    {
        ulong bits = 88172645463325252;
        for (int i = 0; i < 2000; i++)
        {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            double value = BitConverter.UInt64BitsToDouble(bits);
            Assert.True(!double.IsFinite(value) || double.Parse(WandbJson.Float(value)) == value, $"{value:R}");
        }
    }

    [Fact]
    public void Values_are_compact()
    {
        var value = new Dictionary<string, object?> { ["r"] = 8, ["on"] = true, ["none"] = null, ["list"] = new object?[] { "naïve \"x\"\n", 1.5, 2L }, ["empty"] = new Dictionary<string, object?>() };
        Assert.Equal("""{"r":8,"on":true,"none":null,"list":["naïve \"x\"\n",1.5,2],"empty":{}}""", WandbJson.Write(value));
        Assert.Equal("""{"a":[1,2.50,{"b":null}]}""", WandbJson.Write(JsonDocument.Parse("""{ "a": [1, 2.50, {"b": null}] }""").RootElement));
        Assert.Throws<ArgumentException>(() => WandbJson.Write(DateTime.UnixEpoch));
    }
}
