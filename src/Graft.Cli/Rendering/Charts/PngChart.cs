namespace Graft.Cli.Rendering.Charts;

/// <summary>Draws a chart as a PNG picture.</summary>
internal static class PngChart
{
    private const int Scale = 2;

    /// <summary>The file's bytes.</summary>
    public static byte[] Draw(LossChart chart)
    {
        var canvas = new Canvas(LossChart.Width, LossChart.Height, LossChart.Paper);
        foreach ((double value, string label) in chart.Y.Ticks())
        {
            double y = Math.Round(chart.Y[value]) + 0.5;
            canvas.Line([(LossChart.Left, y), (LossChart.Right, y)], 1, LossChart.Grid);
            canvas.Text(label, LossChart.Left - 12 - (PixelFont.WidthOf(label) * Scale), (int)y - (7 * Scale / 2), Scale, LossChart.Ink);
        }

        canvas.Line([(LossChart.Left, LossChart.Bottom + 0.5), (LossChart.Right, LossChart.Bottom + 0.5)], 1, LossChart.Ink);
        foreach ((double value, string label) in chart.X.Ticks())
        {
            double x = Math.Round(chart.X[value]) + 0.5;
            canvas.Line([(x, LossChart.Bottom), (x, LossChart.Bottom + 6)], 1, LossChart.Ink);
            canvas.Text(label, (int)x - (PixelFont.WidthOf(label) * Scale / 2), LossChart.Bottom + 12, Scale, LossChart.Ink);
        }

        canvas.Text("step", LossChart.Right - (PixelFont.WidthOf("step") * Scale), LossChart.Height - 24, Scale, LossChart.Ink);
        foreach (ChartLine line in chart.Lines)
        {
            canvas.Line(line.Points, line.Width, line.Color, line.Opacity);
            foreach ((double X, double Y) point in line.HasDots ? line.Points : [])
            {
                canvas.Dot(point, 4, line.Color);
            }
        }

        foreach ((ChartLine line, double y) in chart.Legend())
        {
            int text = LossChart.Right - (PixelFont.WidthOf("train loss") * Scale);
            canvas.Line([(text - 32, y), (text - 10, y)], 3, line.Color);
            canvas.Text(line.Name!, text, (int)y - (7 * Scale / 2), Scale, LossChart.Ink);
        }

        return PngFile.Write(canvas);
    }
}
