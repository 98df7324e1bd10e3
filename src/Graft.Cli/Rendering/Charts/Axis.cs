using System.Globalization;

namespace Graft.Cli.Rendering.Charts;

/// <summary>An axis: a range of values with round ticks, laid over a range of pixels.</summary>
internal sealed class Axis
{
    private readonly double _step;

    /// <summary>Lays out an axis.</summary>
    /// <param name="least">Least value.</param>
    /// <param name="most">Greatest value.</param>
    /// <param name="from">Pixel of the least value.</param>
    /// <param name="to">Pixel of the greatest value.</param>
    /// <param name="ticks">About how many ticks are wanted.</param>
    /// <param name="wholeTicks">Whether the range grows to whole ticks.</param>
    public Axis(double least, double most, double from, double to, int ticks, bool wholeTicks)
    {
        if (most <= least)
        {
            double margin = Math.Max(Math.Abs(least) * 0.05, 1e-6);
            (least, most) = (least - margin, most + margin);
        }

        _step = RoundStep((most - least) / ticks);
        (Least, Most) = wholeTicks ? (Math.Floor(least / _step) * _step, Math.Ceiling(most / _step) * _step) : (least, most);
        (From, To) = (from, to);
    }

    /// <summary>Value at <see cref="From"/>.</summary>
    public double Least { get; }

    /// <summary>Value at <see cref="To"/>.</summary>
    public double Most { get; }

    /// <summary>Pixel of the least value.</summary>
    public double From { get; }

    /// <summary>Pixel of the greatest value.</summary>
    public double To { get; }

    /// <summary>The pixel of a value.</summary>
    public double this[double value] => From + ((value - Least) / (Most - Least) * (To - From));

    /// <summary>The ticks' values and labels, least first.</summary>
    public IEnumerable<(double Value, string Label)> Ticks()
    {
        for (double tick = Math.Ceiling((Least / _step) - 1e-9); tick * _step <= Most + (_step * 1e-9); tick++)
        {
            double value = tick == 0 ? 0 : tick * _step;
            yield return (value, Label(value));
        }
    }

    /// <summary>A value with the digits that tell ticks apart: <c>0.25</c>, <c>3</c>, <c>12k</c>.</summary>
    public string Label(double value)
    {
        (double scale, string unit) = Math.Max(Math.Abs(Least), Math.Abs(Most)) switch
        {
            >= 1e7 => (1e6, "M"),
            >= 1e4 => (1e3, "k"),
            _ => (1.0, string.Empty),
        };
        int decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(_step / scale) - 1e-9), 0, 6);
        string text = (value / scale).ToString($"F{decimals}", CultureInfo.InvariantCulture);
        return text + (value == 0 ? string.Empty : unit);
    }

    /// <summary>1, 2 or 5 times a power of ten, at least <paramref name="step"/>.</summary>
    private static double RoundStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        double digit = step / power;
        return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
    }
}
