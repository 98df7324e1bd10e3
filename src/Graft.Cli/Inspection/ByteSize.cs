namespace Graft.Cli.Inspection;

/// <summary>A number of bytes: a plain number in JSON, three digits and a decimal unit for people.</summary>
/// <param name="Bytes">The number.</param>
internal readonly record struct ByteSize(long Bytes)
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>The length of a file, of a link's target too: the Hub's cache is made of links.</summary>
    /// <param name="path">The file.</param>
    public static ByteSize OfFile(string path)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        return new ByteSize(RandomAccess.GetLength(file));
    }

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
