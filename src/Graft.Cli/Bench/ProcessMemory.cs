using System.Diagnostics;

namespace Graft.Cli.Bench;

/// <summary>Memory of this process and of the machine.</summary>
/// <remarks>Private memory is what the process alone occupies: resident memory without pages of files, which the system can drop at any time.</remarks>
internal static class ProcessMemory
{
    private const double BytesPerMib = 1 << 20;

    /// <summary>Largest resident memory so far, in MiB.</summary>
    public static double PeakResidentMib()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / BytesPerMib;
    }

    /// <summary>Private memory in use now, in MiB.</summary>
    public static double PrivateMib()
    {
        const string Statistics = "/proc/self/statm";
        if (!File.Exists(Statistics))
        {
            using var process = Process.GetCurrentProcess();
            return process.PrivateMemorySize64 / BytesPerMib;
        }

        // Pages: total, resident, resident and backed by a file or shared, ...
        string[] pages = File.ReadAllText(Statistics).Split(' ');
        return (long.Parse(pages[1]) - long.Parse(pages[2])) * Environment.SystemPageSize / BytesPerMib;
    }

    /// <summary>Memory that the machine could still give, in bytes.</summary>
    public static double AvailableBytes()
    {
        GCMemoryInfo limits = GC.GetGCMemoryInfo();
        double withinLimit = limits.TotalAvailableMemoryBytes - Environment.WorkingSet;
        return SystemFile.Value("/proc/meminfo", "MemAvailable") is { } text
            ? Math.Min(withinLimit, double.Parse(text.Split(' ')[0]) * 1024)
            : limits.TotalAvailableMemoryBytes - limits.MemoryLoadBytes;
    }
}
