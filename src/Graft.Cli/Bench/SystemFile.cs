namespace Graft.Cli.Bench;

/// <summary>Reads "name : value" lines of the files in which Linux describes the machine.</summary>
internal static class SystemFile
{
    /// <summary>The value of the first line that starts with <paramref name="name"/>; null where there is no such line or no such file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What stands before the colon.</param>
    public static string? Value(string path, string name)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        foreach (string line in File.ReadLines(path))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).TrimEnd().SequenceEqual(name))
            {
                return line[(colon + 1)..].Trim();
            }
        }

        return null;
    }
}
