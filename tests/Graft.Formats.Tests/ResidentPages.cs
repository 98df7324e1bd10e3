namespace Graft.Formats.Tests;

/// <summary>Counts the pages of mapped files that this process has in memory.</summary>
internal static class ResidentPages
{
    /// <summary>Bytes of a file that are resident (Linux).</summary>
    /// <param name="file">The file.</param>
    public static long Of(FilePages file)
    {
        bool isIt = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            isIt |= line.StartsWith($"{file.Start:x}-", StringComparison.Ordinal);
            if (isIt && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                return long.Parse(line["Rss:".Length..].Replace("kB", string.Empty, StringComparison.Ordinal)) * 1024;
            }
        }

        throw new InvalidOperationException("the map is not listed");
    }
}
