namespace Graft.Cli.Rendering.Charts;

/// <summary>Draws several curves in one plot of letters: a letter for each curve, a star where they meet. It reads the same on a terminal and in a file.</summary>
internal static class ComparisonChart
{
    /// <summary>Most curves in a plot.</summary>
    public const int MostCurves = 26;

    private const char Meeting = '*';

    /// <summary>The letter of a curve.</summary>
    public static char LetterOf(int curve) => (char)('a' + curve);

    /// <summary>The lines, top first; none when there is nothing to draw.</summary>
    /// <param name="curves">Step and loss of each curve, in order.</param>
    /// <param name="columns">Characters in a line, labels included.</param>
    /// <param name="rows">Lines of the plot.</param>
    public static IReadOnlyList<string> Draw(IReadOnlyList<IReadOnlyList<(double Step, double Loss)>> curves, int columns, int rows)
    {
        (double Step, double Loss)[] all = [.. curves.SelectMany(curve => curve)];
        if (all.Length == 0)
        {
            return [];
        }

        var y = new Axis(all.Min(point => point.Loss), all.Max(point => point.Loss), rows - 1, 0, 4, wholeTicks: false);
        string[] labels = [$"{y.Most:0.###}", $"{y.Least:0.###}"];
        int margin = labels.Max(label => label.Length) + 1;
        int width = Math.Max(8, columns - margin - 1);
        var x = new Axis(0, all.Max(point => point.Step), 0, width - 1, 4, wholeTicks: false);
        char[][] cells = [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Repeat(' ', width).ToArray())];
        for (int i = 0; i < curves.Count; i++)
        {
            Place(cells, curves[i], x, y, LetterOf(i));
        }

        var lines = new List<string>();
        for (int row = 0; row < rows; row++)
        {
            string label = row == 0 ? labels[0] : row == rows - 1 ? labels[1] : string.Empty;
            lines.Add($"{label.PadLeft(margin - 1)} │{new string(cells[row])}".TrimEnd());
        }

        lines.Add($"{new string(' ', margin)}└{new string('─', width)}");
        lines.Add($"{new string(' ', margin + 1)}0{$"step {x.Most:0}".PadLeft(width - 1)}");
        return lines;
    }

    /// <summary>A letter in each column that the curve passes, at its height there.</summary>
    private static void Place(char[][] cells, IReadOnlyList<(double Step, double Loss)> curve, Axis x, Axis y, char letter)
    {
        for (int i = 0; i < curve.Count; i++)
        {
            (double step, double loss) = curve[Math.Max(0, i - 1)];
            (double fromX, double toX) = (x[step], x[curve[i].Step]);
            int last = (int)Math.Round(toX);
            for (int column = (int)Math.Round(fromX); column <= last; column++)
            {
                double share = toX > fromX ? Math.Clamp((column - fromX) / (toX - fromX), 0, 1) : 1;
                int row = (int)Math.Round(y[loss + ((curve[i].Loss - loss) * share)]);
                char there = cells[row][column];
                cells[row][column] = there == ' ' || there == letter ? letter : Meeting;
            }
        }
    }
}
