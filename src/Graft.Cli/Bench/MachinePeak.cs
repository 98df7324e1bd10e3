using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
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

    /// <summary>Instruction sets that matter to the kernels. The last two .NET 10 cannot use: they are read from the system.</summary>
    public static IReadOnlyDictionary<string, bool> Flags()
    {
        string system = SystemFlags();
        return new Dictionary<string, bool>
        {
            ["avx2"] = Avx2.IsSupported,
            ["fma"] = Fma.IsSupported,
            ["avx512f"] = Avx512F.IsSupported,
            ["avx512bw"] = Avx512BW.IsSupported,
            ["avx512vbmi"] = Avx512Vbmi.IsSupported,
            ["avx_vnni"] = AvxVnni.IsSupported,
            ["neon"] = System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported,
            ["avx512_vnni"] = system.Contains(" avx512_vnni", StringComparison.Ordinal),
            ["avx512_bf16"] = system.Contains(" avx512_bf16", StringComparison.Ordinal),
        };
    }

    private static string SystemFlags()
    {
        const string Path = "/proc/cpuinfo";
        if (!File.Exists(Path))
        {
            return "";
        }

        foreach (string line in File.ReadLines(Path))
        {
            if (line.StartsWith("flags", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return "";
    }
}
