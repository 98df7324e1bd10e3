using System.Diagnostics;

namespace Graft.Cli.Rendering;

/// <summary>What the process takes.</summary>
internal static class ProcessMemory
{
    /// <summary>Most resident memory so far, in bytes, mapped files included.</summary>
    public static long Peak
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }
}
