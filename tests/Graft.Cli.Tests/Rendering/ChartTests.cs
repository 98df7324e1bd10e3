using System.Buffers.Binary;
using System.IO.Compression;
using System.Xml.Linq;
using Graft.Cli.Rendering.Charts;

namespace Graft.Cli.Tests.Rendering;

public sealed class ChartTests
{
    private static readonly LossCurve Curve = new(
        [.. Enumerable.Range(1, 100).Select(i => ((double)i, 1 + (3 * Math.Exp(-i / 20.0)) + (i % 2 * 0.1)))], [(25, 2.2), (50, 1.6), (100, 1.4)]);

    [Theory]
    [InlineData(0, 1, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(2.93, 6.41, "2 3 4 5 6 7")]
    [InlineData(0, 30000, "0 5k 10k 15k 20k 25k 30k")]
    [InlineData(-1, 1, "-1.0 -0.5 0.0 0.5 1.0")]
    [InlineData(1.001, 1.004, "1.000 1.001 1.002 1.003 1.004")]
    public void Ticks_are_round(double least, double most, string expected)
        => Assert.Equal(expected, string.Join(' ', new Axis(least, most, 0, 100, 6, wholeTicks: true).Ticks().Select(tick => tick.Label)));

    [Fact]
    public void A_constant_has_an_axis_too()
    {
        var axis = new Axis(2, 2, 0, 100, 5, wholeTicks: false);
        Assert.Equal(50, axis[2], 6);
        Assert.NotEmpty(axis.Ticks());
    }

    [Fact]
    public void Smoothing_keeps_a_straight_line()
    {
        var line = new LossCurve([.. Enumerable.Range(0, 60).Select(i => ((double)i, 5.0 - (i * 0.05)))], []);
        Assert.All(line.Smoothed()!.Zip(line.Train), pair => Assert.Equal(pair.Second.Loss, pair.First.Loss, 10));
    }

    [Fact]
    public void Png_is_a_valid_picture()
    {
        byte[] png = PngChart.Draw(new LossChart(Curve));
        Assert.Equal(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A }, png[..8]);
        var chunks = new List<(string Type, byte[] Data)>();
        for (int i = 8; i < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(i));
            Assert.Equal(Crc(png.AsSpan(i + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(i + 8 + length)));
            chunks.Add((System.Text.Encoding.ASCII.GetString(png, i + 4, 4), png[(i + 8)..(i + 8 + length)]));
            i += length + 12;
        }

        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Select(chunk => chunk.Type));
        using var pixels = new MemoryStream();
        using (var deflated = new ZLibStream(new MemoryStream(chunks[1].Data), CompressionMode.Decompress))
        {
            deflated.CopyTo(pixels);
        }

        Assert.Equal(LossChart.Height * (1 + (LossChart.Width * 3)), pixels.Length);
        byte[] values = pixels.ToArray();
        Assert.Contains(Enumerable.Range(0, LossChart.Width), x => values[(LossChart.Bottom - 30) * (1 + (LossChart.Width * 3)) + 1 + (3 * x)] < 100);
        Assert.True(png.Length < 60_000, $"{png.Length} bytes");
    }

    [Fact]
    public void Every_letter_of_the_chart_is_in_the_font()
    {
        foreach (char character in "0123456789.-kMsteptrain lossevalloss".Where(c => c != ' '))
        {
            Assert.Contains(Enumerable.Range(0, PixelFont.GlyphHeight * PixelFont.GlyphWidth), i => PixelFont.IsSet(character, i % PixelFont.GlyphWidth, i / PixelFont.GlyphWidth));
        }
    }

    [Fact]
    public void Svg_is_well_formed_and_has_all_lines()
    {
        var svg = XDocument.Parse(SvgChart.Draw(new LossChart(Curve)));
        XNamespace names = "http://www.w3.org/2000/svg";
        Assert.Equal(3, svg.Descendants(names + "polyline").Count());
        Assert.Equal(3, svg.Descendants(names + "circle").Count());
        Assert.Contains(svg.Descendants(names + "text"), text => text.Value == "eval loss");
    }

    [Fact]
    public void Braille_falls_from_left_to_right()
    {
        IReadOnlyList<string> lines = BrailleChart.Draw(Curve, 60, 8);
        Assert.Equal(10, lines.Count);
        Assert.All(lines, line => Assert.True(line.Length <= 60, line));
        Assert.Matches("^3\\.95 │[⠁-⣿]", lines[0]);
        Assert.Equal(3, string.Concat(lines).Count(c => c == 'o'));
        Assert.EndsWith("step 100", lines[^1]);
        Assert.DoesNotContain(string.Concat(lines), char.IsControl);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Short_runs_are_drawn(int points)
    {
        var curve = new LossCurve([.. Enumerable.Range(1, points).Select(i => ((double)i, 2.0))], [(1, 2.0)]);
        Assert.NotEmpty(PngChart.Draw(new LossChart(curve)));
        Assert.NotEmpty(SvgChart.Draw(new LossChart(curve)));
        Assert.NotEmpty(BrailleChart.Draw(curve, 20, 2));
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
            }
        }

        return ~crc;
    }
}
