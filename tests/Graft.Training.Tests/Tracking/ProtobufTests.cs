using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class ProtobufTests
{
    [Theory]
    [InlineData(1, 1, "0801")]
    [InlineData(1, 150, "089601")]
    [InlineData(1, -1, "08FFFFFFFFFFFFFFFFFF01")]
    [InlineData(1, long.MinValue, "0880808080808080808001")]
    [InlineData(200, 1, "C00C01")]
    [InlineData(3, 0, "")]
    public void Integers(int field, long value, string bytes)
    {
        var writer = new ProtobufWriter();
        writer.Integer(field, value);
        Assert.Equal(bytes, Convert.ToHexString(writer.Written));
        var reader = new ProtobufReader(writer.Written);
        Assert.Equal(value != 0, reader.Next());
        Assert.Equal(value, (long)reader.Bits);
    }

    [Fact]
    public void What_is_nothing_is_left_out_but_in_lists()
    {
        var writer = new ProtobufWriter();
        writer.Double(1, 0);
        writer.Boolean(2, false);
        writer.Text(3, string.Empty);
        writer.Text(4, null);
        writer.Packed(5, ReadOnlySpan<double>.Empty);
        Assert.Empty(writer.Written.ToArray());
        writer.Double(1, -0.0);
        writer.Single(2, 0);
        writer.Texts(3, [string.Empty, "é"]);
        writer.Message(4, _ => { });
        Assert.Equal("09" + "0000000000000080" + "1500000000" + "1A00" + "1A02C3A9" + "2200", Convert.ToHexString(writer.Written));
    }

    [Fact]
    public void Lists_of_numbers_are_packed()
    {
        var writer = new ProtobufWriter();
        writer.Packed(1, new double[] { 1 });
        writer.Packed(2, new float[] { 1, -2 });
        writer.Packed(3, new long[] { 0, 300, -1 });
        writer.Packed(4, ReadOnlySpan<long>.Empty);
        Assert.Equal("0A08000000000000F03F" + "12080000803F000000C0" + "1A0D00AC02FFFFFFFFFFFFFFFFFF01", Convert.ToHexString(writer.Written));
    }

    [Fact]
    public void NaN_is_pythons()
    {
        var writer = new ProtobufWriter();
        writer.Double(1, -double.NaN);
        writer.Single(2, -float.NaN);
        Assert.Equal("09000000000000F87F" + "150000C07F", Convert.ToHexString(writer.Written));
    }

    [Theory]
    [InlineData("08", "cut off")]
    [InlineData("0A05AA", "cut off")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF01", "cut off")]
    [InlineData("0900", "cut off")]
    [InlineData("1500", "cut off")]
    [InlineData("0B", "wire type 3")]
    [InlineData("0001", "field number 0")]
    [InlineData("08FFFFFFFFFFFFFFFFFFFF01", "longer than 10 bytes")]
    public void A_damaged_message_is_refused(string bytes, string expected)
        => Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ReadAll(Convert.FromHexString(bytes))).Message);

    private static void ReadAll(byte[] bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            Assert.True(reader.Field > 0);
        }
    }
}
