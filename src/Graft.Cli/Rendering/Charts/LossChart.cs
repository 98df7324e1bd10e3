namespace Graft.Cli.Rendering.Charts;

/// <summary>A colour.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
internal readonly record struct Rgb(byte R, byte G, byte B)
{
    /// <summary>As in HTML.</summary>
    public override string ToString() => $"#{R:x2}{G:x2}{B:x2}";
}

/// <summary>A line of a chart, in pixels.</summary>
/// <param name="Name">Its name in the legend; null for none.</param>
/// <param name="Color">Its colour.</param>
/// <param name="Width">Its width.</param>
/// <param name="Opacity">From 0 to 1.</param>
/// <param name="HasDots">Whether the points are marked.</param>
/// <param name="Points">The points.</param>
internal sealed record ChartLine(string? Name, Rgb Color, double Width, double Opacity, bool HasDots, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Where everything of a loss chart stands; drawn by <see cref="SvgChart"/> and <see cref="PngChart"/>.</summary>
internal sealed class LossChart
{
    public const int Width = 960;
    public const int Height = 540;
    public const int Left = 84;
    public const int Right = Width - 28;
    public const int Top = 28;
    public const int Bottom = Height - 56;

    public static readonly Rgb Paper = new(255, 255, 255);
    public static readonly Rgb Ink = new(74, 85, 104);
    public static readonly Rgb Grid = new(230, 234, 240);
    private static readonly Rgb TrainColor = new(37, 99, 235);
    private static readonly Rgb EvalColor = new(234, 88, 12);

    /// <summary>Lays out the chart of a curve that is not empty.</summary>
    public LossChart(LossCurve curve)
    {
        (double Step, double Loss)[] all = [.. curve.Train, .. curve.Eval];
        X = new Axis(0, all.Max(point => point.Step), Left, Right, 8, wholeTicks: false);
        Y = new Axis(all.Min(point => point.Loss), all.Max(point => point.Loss), Bottom, Top, 6, wholeTicks: true);
        var lines = new List<ChartLine>();
        IReadOnlyList<(double, double)>? smoothed = curve.Smoothed();
        if (curve.Train.Count > 0)
        {
            lines.Add(new ChartLine(smoothed is null ? "train loss" : null, TrainColor, smoothed is null ? 2 : 1.2, smoothed is null ? 1 : 0.3, HasDots: curve.Train.Count == 1, Place(curve.Train)));
        }

        if (smoothed is not null)
        {
            lines.Add(new ChartLine("train loss", TrainColor, 2.4, 1, HasDots: false, Place(smoothed)));
        }

        if (curve.Eval.Count > 0)
        {
            lines.Add(new ChartLine("eval loss", EvalColor, 2, 1, HasDots: curve.Eval.Count <= 30, Place(curve.Eval)));
        }

        Lines = lines;
    }

    /// <summary>Steps.</summary>
    public Axis X { get; }

    /// <summary>Loss.</summary>
    public Axis Y { get; }

    /// <summary>The lines, those behind first.</summary>
    public IReadOnlyList<ChartLine> Lines { get; }

    /// <summary>The legend's entries with their vertical middles, right-aligned inside the plot.</summary>
    public IEnumerable<(ChartLine Line, double Y)> Legend() => Lines.Where(line => line.Name is not null).Select((line, i) => (line, Top + 18.0 + (22 * i)));

    private IReadOnlyList<(double, double)> Place(IReadOnlyList<(double Step, double Loss)> points) => [.. points.Select(point => (X[point.Step], Y[point.Loss]))];
}
