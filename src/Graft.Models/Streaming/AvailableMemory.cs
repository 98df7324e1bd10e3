using System.Diagnostics;
using System.Globalization;

namespace Graft.Models;

/// <summary>How much memory may hold pages of files, under the limits of the machine and of control groups (Linux, versions 1 and 2).</summary>
/// <param name="root">Where <c>proc</c> and <c>sys</c> are; tests have others.</param>
internal sealed class AvailableMemory(string root = "/")
{
    // The rest is for what a step still allocates, and for pages that the system keeps a while longer than they are needed.
    private const double ShareForFiles = 0.75;

    private static readonly bool IsLinux = OperatingSystem.IsLinux();

    /// <summary>Bytes of mapped files that can be in memory together, those that are there already included.</summary>
    public long ForFiles()
    {
        // What the system counts as available holds pages of files: it can drop them at any time.
        long free = MemAvailable() is { } available
            ? Math.Min(available, Limit() - PrivateBytes())
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - PrivateBytes();
        return (long)(ShareForFiles * Math.Max(0, free));
    }

    /// <summary>The smallest limit that a control group of this process sets; <see cref="long.MaxValue"/> for none.</summary>
    public long Limit()
    {
        string groups = Path.Combine(root, "proc/self/cgroup");
        if (!IsLinux || !File.Exists(groups))
        {
            return long.MaxValue;
        }

        long limit = long.MaxValue;
        foreach (string line in File.ReadLines(groups))
        {
            // Number of the hierarchy, its controllers, path: "0::/user.slice" of version 2, "4:memory:/x" of version 1.
            string[] fields = line.Split(':', 3);
            if (fields.Length == 3 && fields[1].Length == 0)
            {
                limit = Math.Min(limit, SmallestAbove("sys/fs/cgroup", fields[2], "memory.max"));
            }
            else if (fields.Length == 3 && fields[1].Split(',').Contains("memory"))
            {
                limit = Math.Min(limit, SmallestAbove("sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"));
            }
        }

        return limit;
    }

    private long SmallestAbove(string hierarchy, string group, string file)
    {
        long limit = long.MaxValue;
        for (string? path = group.Trim('/'); path is not null; path = path.Length == 0 ? null : Path.GetDirectoryName(path))
        {
            string name = Path.Combine(root, hierarchy, path, file);

            // Where there is no limit the file says "max", or a number beyond all memory.
            if (File.Exists(name) && long.TryParse(File.ReadAllText(name), NumberStyles.Integer | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long value))
            {
                limit = Math.Min(limit, value);
            }
        }

        return limit;
    }

    private long? MemAvailable()
    {
        const string Name = "MemAvailable:";
        string path = Path.Combine(root, "proc/meminfo");
        string? line = IsLinux && File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) : null;
        return line is not null && long.TryParse(line.AsSpan(Name.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes * 1024 : null;
    }

    private long PrivateBytes()
    {
        string path = Path.Combine(root, "proc/self/statm");
        if (IsLinux && File.Exists(path))
        {
            // Pages: total, resident, resident and backed by a file or shared, ...
            string[] pages = File.ReadAllText(path).Split(' ');
            return (long.Parse(pages[1], CultureInfo.InvariantCulture) - long.Parse(pages[2], CultureInfo.InvariantCulture)) * Environment.SystemPageSize;
        }

        using var process = Process.GetCurrentProcess();
        return process.PrivateMemorySize64;
    }
}
