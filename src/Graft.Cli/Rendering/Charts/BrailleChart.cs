namespace Graft.Cli.Rendering.Charts;

/// <summary>Draws a loss curve with braille dots, eight to a character; evaluations are circles.</summary>
internal static class BrailleChart
{
    // The bits of a braille character's dots, by row and column.
    private static readonly byte[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>The lines, top first.</summary>
    /// <param name="curve">The curve; not empty.</param>
    /// <param name="columns">Characters in a line, labels included.</param>
    /// <param name="rows">Lines of the plot.</param>
    public static IReadOnlyList<string> Draw(LossCurve curve, int columns, int rows)
    {
        (double Step, double Loss)[] all = [.. curve.Train, .. curve.Eval];
        var y = new Axis(all.Min(point => point.Loss), all.Max(point => point.Loss), (rows * 4) - 1, 0, 4, wholeTicks: false);
        string[] labels = [$"{y.Most:0.##}", $"{y.Least:0.##}"];
        int margin = labels.Max(label => label.Length) + 1;
        int width = Math.Max(8, columns - margin - 1);
        var x = new Axis(0, all.Max(point => point.Step), 0, (width * 2) - 1, 4, wholeTicks: false);
        byte[,] dots = new byte[rows, width];
        IReadOnlyList<(double Step, double Loss)> line = curve.Smoothed() ?? curve.Train;
        for (int i = 0; i < line.Count; i++)
        {
            (double step, double loss) = line[Math.Max(0, i - 1)];
            Stroke(dots, (x[step], y[loss]), (x[line[i].Step], y[line[i].Loss]));
        }

        char[,] cells = new char[rows, width];
        foreach ((double step, double loss) in curve.Eval)
        {
            cells[(int)Math.Round(y[loss]) / 4, (int)Math.Round(x[step]) / 2] = 'o';
        }

        var lines = new List<string>();
        for (int row = 0; row < rows; row++)
        {
            string label = row == 0 ? labels[0] : row == rows - 1 ? labels[1] : string.Empty;
            lines.Add($"{label.PadLeft(margin - 1)} │{Row(dots, cells, row, width)}".TrimEnd());
        }

        string last = $"step {x.Most:0}";
        lines.Add($"{new string(' ', margin)}└{new string('─', width)}");
        lines.Add($"{new string(' ', margin + 1)}0{last.PadLeft(width - 1)}");
        return lines;
    }

    private static string Row(byte[,] dots, char[,] cells, int row, int width) => string.Create(width, (dots, cells, row), static (text, state) =>
    {
        for (int column = 0; column < text.Length; column++)
        {
            byte bits = state.dots[state.row, column];
            text[column] = state.cells[state.row, column] is var cell && cell != 0 ? cell : bits == 0 ? ' ' : (char)(0x2800 + bits);
        }
    });

    private static void Stroke(byte[,] dots, (double X, double Y) from, (double X, double Y) to)
    {
        int steps = (int)Math.Max(1, Math.Ceiling(Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y))));
        for (int i = 0; i <= steps; i++)
        {
            int px = (int)Math.Round(from.X + ((to.X - from.X) * i / steps));
            int py = (int)Math.Round(from.Y + ((to.Y - from.Y) * i / steps));
            dots[py / 4, px / 2] |= Bits[py % 4, px % 2];
        }
    }
}
