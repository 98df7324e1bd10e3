using System.Diagnostics;
using System.Globalization;
using Graft.Cli.Planning;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>What a training step reaches.</summary>
/// <param name="Shape">The model.</param>
/// <param name="Data">The rows.</param>
/// <param name="Storage">How the frozen base is stored.</param>
/// <param name="Precision">What products compute in.</param>
/// <param name="Threads">Workers.</param>
/// <param name="Steps">Steps measured.</param>
/// <param name="TokensPerSecond">Median over the steps.</param>
/// <param name="UsefulRate">Useful floating-point operations a second: 4 for every weight of a linear layer and of the head, for each token.</param>
/// <param name="PeakRate">Median of what the kernel of the products does in the first-level cache, measured between the steps: of the bf16 tile where the CPU has an instruction for it, else of the fp32 microkernel.</param>
/// <param name="SinglePeakRate">What the fp32 microkernel does there.</param>
/// <param name="BFloat16PeakRate">What the bf16 tile does there; null where the CPU lacks an instruction for it, or it is off.</param>
/// <param name="Bandwidth">Bytes a second that the workers read from memory.</param>
/// <param name="FractionOfPeak">Median over the steps of the useful rate, divided by the microkernel's rate just before and after.</param>
/// <param name="ProcessorShare">Share of the workers' time that this process got while it was measured; below 1 where others used the machine.</param>
/// <param name="WeightMib">The frozen base.</param>
/// <param name="PeakResidentMib">Largest resident memory.</param>
/// <param name="PeakPrivateMib">Largest private memory.</param>
/// <param name="PeakMappedMib">Largest resident memory that is backed by files, such as the weights of a folder: the system can drop it at any time.</param>
/// <param name="FileBytes">Bytes of the weight files that it was loaded from; null for random weights in memory.</param>
/// <param name="LoadSeconds">Time of loading, quantisation included.</param>
/// <param name="FirstStepSeconds">From the start of the process to the end of the first step.</param>
/// <param name="FirstStepProcessorSeconds">Processor time of all threads until then.</param>
/// <param name="DiskBytes">Bytes read from the disk in the step that is taken apart into costs; null where the system does not say.</param>
/// <param name="Costs">Where the time of one more step went, op by op.</param>
/// <param name="ProfiledSeconds">Time of that step.</param>
internal sealed record StepResult(
    string Shape,
    string Data,
    string Storage,
    ComputePrecision Precision,
    int Threads,
    int Steps,
    double TokensPerSecond,
    double UsefulRate,
    double PeakRate,
    double SinglePeakRate,
    double? BFloat16PeakRate,
    double Bandwidth,
    double FractionOfPeak,
    double ProcessorShare,
    double WeightMib,
    double PeakResidentMib,
    double PeakPrivateMib,
    double PeakMappedMib,
    long? FileBytes,
    double LoadSeconds,
    double FirstStepSeconds,
    double FirstStepProcessorSeconds,
    long? DiskBytes,
    IReadOnlyList<OpCost> Costs,
    double ProfiledSeconds)
{
    /// <summary>Time of the profiled step that belongs to no op.</summary>
    public double UnexplainedSeconds => ProfiledSeconds - Costs.Sum(cost => cost.Seconds);
}

/// <summary>Measures whole LoRA training steps against the microkernel's peak; the two take turns.</summary>
internal static class StepBenchmark
{
    private const int WarmUpSteps = 2;
    private const int FewestSteps = 5;
    private const double PeakSeconds = 0.05;
    private const long BandwidthBytes = 128L << 20;
    private const double BytesPerMib = 1 << 20;

    // A first step of this time belongs to a model so large that one more tells enough.
    private const double LongStepSeconds = 20;

    /// <summary>Measures.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="storage">How the frozen base is stored.</param>
    /// <param name="data">The rows.</param>
    /// <param name="precision">What products compute in.</param>
    /// <param name="targetModules">The layers with an adapter; null for the family's usual ones.</param>
    /// <param name="seconds">About how long the measured steps take; five steps are done at least, or one where the first was long.</param>
    /// <param name="cancellationToken">Stops after a step.</param>
    public static StepResult Run(ModelShape shape, BaseStorage storage, DataProfile data, ComputePrecision precision, ModuleSelection? targetModules, double seconds, CancellationToken cancellationToken)
    {
        using var step = new TrainingStep(shape, storage, data, precision, targetModules);
        double stepSeconds = Seconds(step);
        double firstStep = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
        double firstProcessor = Environment.CpuUsage.TotalTime.TotalSeconds;
        double peakPrivate = PrivateMib();
        double peakMapped = MappedMib();
        bool isLong = stepSeconds > Math.Max(seconds, LongStepSeconds);
        for (int i = 1; i < WarmUpSteps && !isLong; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            step.Run();
        }

        var rates = new List<double>();
        var fractions = new List<double>();
        var peaks = new List<double>();
        TimeSpan processorTime = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        bool isDot = precision == ComputePrecision.BFloat16 && BFloat16Support.IsFast;
        Func<double, double> peakOf = isDot ? MachinePeak.MeasureBFloat16For : MachinePeak.MeasureFor;
        double peakBefore = peakOf(PeakSeconds);
        while (rates.Count < (isLong ? 1 : FewestSteps) || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double rate = TokensPerSecond(step);
            double peakAfter = peakOf(PeakSeconds);
            rates.Add(rate);
            peaks.Add(peakAfter);
            fractions.Add(4 * step.LinearWeights * rate / ((peakBefore + peakAfter) / 2));
            peakBefore = peakAfter;
            peakPrivate = Math.Max(peakPrivate, PrivateMib());
            peakMapped = Math.Max(peakMapped, MappedMib());
        }

        double processorShare = (Environment.CpuUsage.TotalTime - processorTime).TotalSeconds / (Stopwatch.GetElapsedTime(start).TotalSeconds * WorkerPool.Shared.WorkerCount);
        long? diskBefore = DiskBytes();
        (IReadOnlyList<OpCost> costs, double profiled) = Profile(step);
        long? diskBytes = DiskBytes() - diskBefore;
        double peakResident = ProcessMemory.PeakResident / BytesPerMib;
        double bandwidth = MemoryBandwidth.MeasureReading(BandwidthBytes);
        double tokensPerSecond = Median(rates);
        double peak = Median(peaks);
        double singlePeak = isDot ? MachinePeak.MeasureFor(PeakSeconds) : peak;
        double? dotPeak = isDot ? peak : BFloat16Support.IsFast ? MachinePeak.MeasureBFloat16For(PeakSeconds) : null;
        return new StepResult(
            shape.Name, data.Name, storage.Name, precision, WorkerPool.Shared.WorkerCount, rates.Count, tokensPerSecond, 4 * step.LinearWeights * tokensPerSecond, peak, singlePeak, dotPeak, bandwidth, Median(fractions),
            Math.Min(1, processorShare), step.WeightBytes / BytesPerMib, peakResident, peakPrivate, peakMapped, FileBytes(shape), step.LoadSeconds, firstStep, firstProcessor, diskBytes, costs, profiled);
    }

    private static long? FileBytes(ModelShape shape)
        => shape.Folder is null ? null : Directory.EnumerateFiles(shape.Folder, "*.safetensors").Sum(file => new FileInfo(file).Length);

    private static double TokensPerSecond(TrainingStep step)
    {
        long start = Stopwatch.GetTimestamp();
        int tokens = step.Run();
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Seconds(TrainingStep step)
    {
        long start = Stopwatch.GetTimestamp();
        step.Run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (IReadOnlyList<OpCost> Costs, double Seconds) Profile(TrainingStep step)
    {
        var profile = new OpProfile();
        OpProfile.Active = profile;
        try
        {
            // Compiles what keeps the books, which is no part of a step.
            OpProfile.Measure("nothing").Dispose();
            profile.Clear();
            long start = Stopwatch.GetTimestamp();
            step.Run();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return ([.. profile.Costs.OrderByDescending(cost => cost.Seconds)], seconds);
        }
        finally
        {
            OpProfile.Active = null;
        }
    }

    private static long? DiskBytes() => SystemFile.Value("/proc/self/io", "read_bytes") is { } bytes ? long.Parse(bytes, CultureInfo.InvariantCulture) : null;

    private static double MappedMib() => (Environment.WorkingSet / BytesPerMib) - PrivateMib();

    private static double PrivateMib() => ProcessMemory.Now().Private / BytesPerMib;

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
