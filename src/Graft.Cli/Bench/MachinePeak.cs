using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Cli.Bench;

/// <summary>What the cores can do at best, and what they are.</summary>
internal static class MachinePeak
{
    /// <summary>Best rate of the microkernel out of the first-level cache, on all workers of the shared pool, in operations a second.</summary>
    /// <param name="rounds">Measurements, of some milliseconds each.</param>
    public static double Measure(int rounds = 10)
    {
        MicrokernelPeak.Run(1000);
        double best = 0;
        for (int i = 0; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            double operations = MicrokernelPeak.Run(10_000);
            best = Math.Max(best, operations / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    /// <summary>The fp32 microkernel's rate over about <paramref name="seconds"/>, in operations a second: to be measured by turns with something else.</summary>
    /// <param name="seconds">About how long.</param>
    public static double MeasureFor(double seconds) => MeasureFor(seconds, MicrokernelPeak.Run);

    /// <summary>The rate of the bf16 tile in use, likewise.</summary>
    /// <param name="seconds">About how long.</param>
    public static double MeasureBFloat16For(double seconds) => MeasureFor(seconds, ProductTilePeak.RunBFloat16);

    private static double MeasureFor(double seconds, Func<int, double> run)
    {
        const int Repeats = 2000;
        double operations = 0;
        long start = Stopwatch.GetTimestamp();
        double elapsed;
        do
        {
            operations += run(Repeats);
            elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        while (elapsed < seconds);
        return operations / elapsed;
    }

    /// <summary>Instruction sets that matter to the kernels, as far as CPU and system both allow them.</summary>
    public static IReadOnlyDictionary<string, bool> Flags()
    {
        CpuFeatures cpu = CpuFeatures.Current;
        return new Dictionary<string, bool>
        {
            ["avx2"] = Avx2.IsSupported,
            ["fma"] = Fma.IsSupported,
            ["avx512f"] = Avx512F.IsSupported,
            ["avx512bw"] = Avx512BW.IsSupported,
            ["avx512vbmi"] = Avx512Vbmi.IsSupported,
            ["avx_vnni"] = AvxVnni.IsSupported,
            ["neon"] = System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported,
            ["avx512_vnni"] = cpu.Avx512Vnni,
            ["amx_bf16"] = cpu.AmxBFloat16,
            ["amx_int8"] = cpu.AmxInt8,
            ["avx512_bf16"] = cpu.Avx512BFloat16,
        };
    }
}
