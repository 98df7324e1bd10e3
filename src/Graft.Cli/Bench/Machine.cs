using System.Runtime.InteropServices;
using System.Text.Json;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>What stands beside every figure: the processor and what is used of it.</summary>
internal static class Machine
{
    /// <summary>The processor's name, as the system gives it.</summary>
    public static string Processor
        => SystemFile.Value("/proc/cpuinfo", "model name") ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>One line about the processor, its flags, the instruction set in use and the workers.</summary>
    public static string Describe() => $"{Processor}; {string.Join(' ', FlagNames())}; instruction set {InstructionSet.Current}; {WorkerPool.Shared.WorkerCount} workers";

    /// <summary>The same as properties.</summary>
    public static void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("processor", Processor);
        writer.WriteString("instruction_set", InstructionSet.Current.ToString());
        writer.WriteNumber("threads", WorkerPool.Shared.WorkerCount);
        writer.WriteStartArray("flags");
        foreach (string flag in FlagNames())
        {
            writer.WriteStringValue(flag);
        }

        writer.WriteEndArray();
    }

    /// <summary>Instruction sets that the processor has and that matter to the kernels.</summary>
    public static IEnumerable<string> FlagNames() => MachinePeak.Flags().Where(flag => flag.Value).Select(flag => flag.Key);
}
