namespace Graft.Cli.Rendering;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    /// <summary>A time: <c>0.4 s</c>, <c>42 s</c>, <c>3:07</c>, <c>2:05:09</c>.</summary>
    public static string Time(double seconds)
    {
        if (!double.IsFinite(seconds))
        {
            return "?";
        }

        if (seconds < 60)
        {
            return seconds < 9.95 ? $"{seconds:0.0} s" : $"{seconds:0} s";
        }

        var span = TimeSpan.FromSeconds(Math.Round(seconds));
        return span.TotalHours < 1 ? $"{span.Minutes}:{span.Seconds:00}" : $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}";
    }

    /// <summary>A size: <c>812 KiB</c>, <c>3.2 MiB</c>, <c>1.25 GiB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1L << 20 => $"{bytes / (1 << 10):0} KiB",
        < 1L << 30 => $"{bytes / (1 << 20):0.0} MiB",
        _ => $"{bytes / (1 << 30):0.00} GiB",
    };

    /// <summary>A loss, with as many digits as matter.</summary>
    public static string Loss(double loss) => Math.Abs(loss) < 0.1 ? $"{loss:0.00000}" : $"{loss:0.0000}";
}
