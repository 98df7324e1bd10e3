using System.Diagnostics;
using Graft.Cli.Bench;

namespace Graft.Cli.Planning;

/// <summary>Memory of this process and of the machine, in bytes.</summary>
/// <remarks>
/// Private memory is what the process alone occupies. File-backed memory is pages of files in memory, model weights and the program
/// itself: the system can drop them at any time and read them again, so they take nothing from others that need it more.
/// </remarks>
internal static class ProcessMemory
{
    private const string Statistics = "/proc/self/statm";
    private const string Mappings = "/proc/self/smaps";

    /// <summary>Largest resident memory so far, private and file-backed.</summary>
    public static long PeakResident
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>What is resident now: private, and backed by files. Where the system does not tell them apart, all of it is private.</summary>
    public static (long Private, long FileBacked) Now()
    {
        if (!File.Exists(Statistics))
        {
            return (Environment.WorkingSet, 0);
        }

        // Pages: total, resident, resident and backed by a file or shared, ...
        string[] pages = File.ReadAllText(Statistics).Split(' ');
        (long resident, long shared) = (long.Parse(pages[1]), long.Parse(pages[2]));
        return ((resident - shared) * Environment.SystemPageSize, shared * Environment.SystemPageSize);
    }

    /// <summary>How much of the files below a folder is mapped and resident; 0 where the system does not say.</summary>
    /// <param name="path">The folder, or a file.</param>
    public static long ResidentOf(string path)
    {
        if (!File.Exists(Mappings))
        {
            return 0;
        }

        // A line that ends with the file's path, then lines such as "Rss:   12 kB".
        long bytes = 0;
        bool isBelow = false;
        foreach (string line in File.ReadLines(Mappings))
        {
            if (line.Length > 0 && !char.IsAsciiLetterUpper(line[0]))
            {
                isBelow = line.Contains(path, StringComparison.Ordinal);
            }
            else if (isBelow && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                bytes += 1024 * long.Parse(line.AsSpan(4, line.LastIndexOf(' ') - 4));
            }
        }

        return bytes;
    }

    /// <summary>Memory that the machine could still give.</summary>
    public static double Available()
    {
        GCMemoryInfo limits = GC.GetGCMemoryInfo();
        double withinLimit = limits.TotalAvailableMemoryBytes - Environment.WorkingSet;
        return SystemFile.Value("/proc/meminfo", "MemAvailable") is { } text
            ? Math.Min(withinLimit, double.Parse(text.Split(' ')[0]) * 1024)
            : limits.TotalAvailableMemoryBytes - limits.MemoryLoadBytes;
    }
}
