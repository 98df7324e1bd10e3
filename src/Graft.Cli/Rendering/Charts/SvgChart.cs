using System.Globalization;
using System.Text;

namespace Graft.Cli.Rendering.Charts;

/// <summary>Draws a chart as SVG.</summary>
internal static class SvgChart
{
    /// <summary>The document.</summary>
    public static string Draw(LossChart chart)
    {
        var svg = new StringBuilder();
        svg.Append($"""<svg xmlns="http://www.w3.org/2000/svg" width="{LossChart.Width}" height="{LossChart.Height}" viewBox="0 0 {LossChart.Width} {LossChart.Height}" font-family="system-ui, sans-serif" font-size="14" fill="{LossChart.Ink}">""").Append('\n');
        svg.Append($"""<rect width="100%" height="100%" fill="{LossChart.Paper}"/>""").Append('\n');
        foreach ((double value, string label) in chart.Y.Ticks())
        {
            string y = Number(chart.Y[value]);
            svg.Append($"""<path d="M{LossChart.Left} {y}H{LossChart.Right}" stroke="{LossChart.Grid}"/>""");
            svg.Append($"""<text x="{LossChart.Left - 10}" y="{y}" text-anchor="end" dominant-baseline="middle">{label}</text>""").Append('\n');
        }

        foreach ((double value, string label) in chart.X.Ticks())
        {
            string x = Number(chart.X[value]);
            svg.Append($"""<path d="M{x} {LossChart.Bottom}v6" stroke="{LossChart.Ink}"/>""");
            svg.Append($"""<text x="{x}" y="{LossChart.Bottom + 24}" text-anchor="middle">{label}</text>""").Append('\n');
        }

        svg.Append($"""<path d="M{LossChart.Left} {LossChart.Bottom}H{LossChart.Right}" stroke="{LossChart.Ink}"/>""");
        svg.Append($"""<text x="{LossChart.Right}" y="{LossChart.Height - 10}" text-anchor="end">step</text>""").Append('\n');
        foreach (ChartLine line in chart.Lines)
        {
            Draw(svg, line);
        }

        foreach ((ChartLine line, double y) in chart.Legend())
        {
            svg.Append($"""<path d="M{LossChart.Right - 116} {Number(y)}h24" stroke="{line.Color}" stroke-width="3"/>""");
            svg.Append($"""<text x="{LossChart.Right - 84}" y="{Number(y)}" dominant-baseline="middle">{line.Name}</text>""").Append('\n');
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Draw(StringBuilder svg, ChartLine line)
    {
        string points = string.Join(' ', line.Points.Select(point => $"{Number(point.X)},{Number(point.Y)}"));
        svg.Append($"""<polyline points="{points}" fill="none" stroke="{line.Color}" stroke-width="{Number(line.Width)}" stroke-opacity="{Number(line.Opacity)}" stroke-linejoin="round"/>""").Append('\n');
        if (line.HasDots)
        {
            svg.Append(string.Concat(line.Points.Select(point => $"""<circle cx="{Number(point.X)}" cy="{Number(point.Y)}" r="4" fill="{line.Color}"/>"""))).Append('\n');
        }
    }

    private static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);
}
