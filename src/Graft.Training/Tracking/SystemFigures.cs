using System.Diagnostics;

namespace Graft.Training.Tracking;

/// <summary>What the process takes of the machine.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="CpuPercent">Processor time since the last measurement, in percent of all cores.</param>
/// <param name="ResidentMib">Resident memory in MiB, mapped files included.</param>
/// <param name="ResidentPercent">Resident memory in percent of what the process may use.</param>
/// <param name="Threads">Threads of the process.</param>
internal readonly record struct SystemFigures(DateTimeOffset Time, double CpuPercent, double ResidentMib, double ResidentPercent, int Threads);

/// <summary>Measures every few seconds, when it is asked to: between steps, without a thread of its own.</summary>
internal sealed class SystemMeter(TimeProvider clock)
{
    /// <summary>W&amp;B's interval.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private long _measured = clock.GetTimestamp();
    private TimeSpan _processorTime = ProcessorTime();

    /// <summary>The figures, when the interval has passed; otherwise null.</summary>
    public SystemFigures? MeasureWhenDue() => clock.GetElapsedTime(_measured) >= Interval ? Measure() : null;

    /// <summary>The figures.</summary>
    public SystemFigures Measure()
    {
        using var process = Process.GetCurrentProcess();
        double seconds = Math.Max(clock.GetElapsedTime(_measured).TotalSeconds, 1e-3);
        TimeSpan processorTime = process.TotalProcessorTime;
        double share = (processorTime - _processorTime).TotalSeconds / seconds / Environment.ProcessorCount;
        (_measured, _processorTime) = (clock.GetTimestamp(), processorTime);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        double resident = process.WorkingSet64;
        return new SystemFigures(clock.GetUtcNow(), 100 * Math.Clamp(share, 0, 1), resident / (1 << 20), available > 0 ? 100 * resident / available : 0, process.Threads.Count);
    }

    private static TimeSpan ProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}
