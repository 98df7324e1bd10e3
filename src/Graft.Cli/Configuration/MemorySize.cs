using System.Globalization;

namespace Graft.Cli.Configuration;

/// <summary>Sizes as people write them: <c>2GiB</c>, <c>512 MB</c>, <c>1.5g</c>, or a number of bytes.</summary>
internal static class MemorySize
{
    private static readonly (string Name, double Bytes)[] Units =
    [
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40), ("b", 1), (string.Empty, 1),
    ];

    /// <summary>Reads a size.</summary>
    /// <exception cref="ArgumentException">It is none, or not above 0.</exception>
    public static long Read(ConfigNode node)
    {
        string text = (node.Text ?? string.Empty).Trim().ToLowerInvariant();
        (string name, double unit) = Units.First(unit => text.EndsWith(unit.Name, StringComparison.Ordinal));
        return ConfigTypes.TryNumber(text[..^name.Length].TrimEnd(), out double number) && number * unit is >= 1 and < long.MaxValue
            ? (long)(number * unit)
            : throw node.Wrong("a size such as 2GiB or 800MB");
    }

    /// <summary>A size in the largest binary unit that divides it.</summary>
    public static string Write(long bytes)
    {
        (string name, long unit) = bytes switch
        {
            > 0 when bytes % (1L << 30) == 0 => ("GiB", 1L << 30),
            > 0 when bytes % (1L << 20) == 0 => ("MiB", 1L << 20),
            _ => (string.Empty, 1L),
        };
        return (bytes / unit).ToString(CultureInfo.InvariantCulture) + name;
    }
}
