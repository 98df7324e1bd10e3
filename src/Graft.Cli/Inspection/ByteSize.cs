namespace Graft.Cli.Inspection;

/// <summary>A number of bytes: a plain number in JSON, three digits and a decimal unit for people.</summary>
/// <param name="Bytes">The number.</param>
internal readonly record struct ByteSize(long Bytes)
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary><c>1.12 GB</c>.</summary>
    public override string ToString()
    {
        double value = Bytes;
        int unit = 0;
        while (value >= 999.5 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return unit == 0 ? $"{Bytes} B" : $"{value.ToString(value < 9.995 ? "F2" : value < 99.95 ? "F1" : "F0")} {Units[unit]}";
    }
}
