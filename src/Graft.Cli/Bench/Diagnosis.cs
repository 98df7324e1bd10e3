using System.Runtime.InteropServices;
using Graft.Cli.Planning;
using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>What was found on the machine, and what of it slows Graft down.</summary>
internal sealed class Diagnosis
{
    private const double BytesPerMib = 1 << 20;
    private const long BandwidthBytes = 128_000_000;
    private const double UsualRatePerCore = 20e9;
    private const double LowMib = 2048;

    private readonly List<(string Name, string Finding)> _findings = [];
    private readonly List<string> _problems = [];

    private Diagnosis()
    {
    }

    /// <summary>What was found, by name.</summary>
    public IReadOnlyList<(string Name, string Finding)> Findings => _findings;

    /// <summary>What is wrong and what to do about it; usually nothing.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The fp32 microkernel's rate, in operations a second.</summary>
    public double PeakRate { get; private set; }

    /// <summary>Memory bandwidth, in bytes a second.</summary>
    public double MemoryRate { get; private set; }

    /// <summary>Memory that the process may use, in MiB.</summary>
    public double TotalMib { get; private set; }

    /// <summary>Of it, what is free.</summary>
    public double AvailableMib { get; private set; }

    /// <summary>What OpenBLAS says of itself; null where it is not installed.</summary>
    public string? OpenBlas { get; private set; }

    /// <summary>Looks around; takes about a second.</summary>
    public static Diagnosis Make()
    {
        var diagnosis = new Diagnosis();
        diagnosis.LookAtProcessor();
        diagnosis.LookAtMemory();
        diagnosis.LookAtSoftware();
        return diagnosis;
    }

    private void LookAtProcessor()
    {
        _findings.Add(("processor", $"{Machine.Processor}, with {string.Join(' ', Machine.FlagNames())}"));
        string? forced = Environment.GetEnvironmentVariable("GRAFT_ISA");
        _findings.Add(("instruction set", $"{InstructionSet.Current}: {(string.IsNullOrEmpty(forced) ? "the best that this processor has and that Graft has kernels for" : $"GRAFT_ISA={forced} asks for it; the best here is {InstructionSet.Best}")}"));
        if (InstructionSet.Current < InstructionSet.Best)
        {
            _problems.Add($"GRAFT_ISA={forced} holds the kernels back: unset it to use {InstructionSet.Best}");
        }

        foreach (KernelStatus kernel in AssembledKernels.Status())
        {
            _findings.Add(($"{kernel.Name}", $"{(kernel.IsOn ? "on" : "off")}, tiles of {kernel.Tile}: {kernel.Reason}"));
        }

        int workers = WorkerPool.Shared.WorkerCount;
        _findings.Add(("workers", $"{workers} on {Environment.ProcessorCount} cores"));
        if (workers > Environment.ProcessorCount)
        {
            _problems.Add($"{workers} workers share {Environment.ProcessorCount} cores: they wait for each other; lower --threads or GRAFT_THREADS");
        }

        PeakRate = MachinePeak.Measure(rounds: 3);
        _findings.Add(("arithmetic", $"{PeakRate / 1e9:F0} GFLOP/s in fp32"));
        if (PeakRate / workers < UsualRatePerCore && InstructionSet.Current >= Isa.Avx2)
        {
            _problems.Add($"{PeakRate / workers / 1e9:F1} GFLOP/s a worker is little for {InstructionSet.Current}: other programs use the cores, or they are throttled");
        }
    }

    private void LookAtMemory()
    {
        MemoryRate = MemoryBandwidth.Measure(BandwidthBytes, m: 1, rounds: 3).Read;
        TotalMib = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / BytesPerMib;
        AvailableMib = ProcessMemory.Available() / BytesPerMib;
        _findings.Add(("memory", $"{AvailableMib / 1024:F1} of {TotalMib / 1024:F1} GiB free; {MemoryRate / 1e9:F1} GB/s"));
        if (AvailableMib < LowMib)
        {
            _problems.Add($"only {AvailableMib:F0} MiB of memory are free: enough for models of some hundred million parameters");
        }
    }

    private void LookAtSoftware()
    {
        _findings.Add((".NET", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"));
        using OpenBlas? library = Bench.OpenBlas.TryLoad();
        OpenBlas = library?.Description;
        _findings.Add(("OpenBLAS", library is null ? "not installed; only graft bench gemm would use it, to compare" : $"{OpenBlas}; only graft bench gemm uses it, to compare"));
    }
}
