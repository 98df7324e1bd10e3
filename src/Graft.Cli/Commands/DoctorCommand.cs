using System.CommandLine;
using System.Runtime.InteropServices;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Commands;

/// <summary><c>graft doctor</c>: what was found on this machine, why it was chosen, and whether anything is wrong.</summary>
internal sealed class DoctorCommand : Verb
{
    /// <inheritdoc/>
    public override string Name => "doctor";

    /// <inheritdoc/>
    public override string Description => "what this machine can do, what Graft chose and why, and what is wrong";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        Diagnosis diagnosis = Diagnosis.Make();
        foreach (string problem in diagnosis.Problems)
        {
            output.Line($"! {problem}");
        }

        output.Line(diagnosis.Problems.Count == 0 ? "This machine is fit: nothing stands in Graft's way." : "Graft works here, but see above.");
        output.Line();
        foreach ((string name, string finding) in diagnosis.Findings)
        {
            output.Line($"{name,-24} {finding}");
        }

        output.Event("summary", writer =>
        {
            writer.WriteBoolean("fit", diagnosis.Problems.Count == 0);
            writer.WriteStartArray("problems");
            foreach (string problem in diagnosis.Problems)
            {
                writer.WriteStringValue(problem);
            }

            writer.WriteEndArray();
            Machine.Write(writer);
            writer.WriteStartArray("assembled_kernels");
            foreach (KernelStatus kernel in AssembledKernels.Status())
            {
                writer.WriteStartObject();
                writer.WriteString("name", kernel.Name);
                writer.WriteString("tile", kernel.Tile);
                writer.WriteBoolean("on", kernel.IsOn);
                writer.WriteString("reason", kernel.Reason);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("graft_jit", Environment.GetEnvironmentVariable("GRAFT_JIT"));
            writer.WriteString("graft_isa", Environment.GetEnvironmentVariable("GRAFT_ISA"));
            writer.WriteString("best_instruction_set", InstructionSet.Best.ToString());
            writer.WriteNumber("cores", Environment.ProcessorCount);
            writer.WriteNumber("peak_fp32_gflops", diagnosis.PeakRate / 1e9);
            writer.WriteNumber("memory_gb_per_s", diagnosis.MemoryRate / 1e9);
            writer.WriteNumber("memory_mib", diagnosis.TotalMib);
            writer.WriteNumber("available_mib", diagnosis.AvailableMib);
            writer.WriteString("dotnet", RuntimeInformation.FrameworkDescription);
            writer.WriteString("system", RuntimeInformation.OSDescription);
            writer.WriteString("openblas", diagnosis.OpenBlas);
        });
        return Task.FromResult(ExitCode.Success);
    }
}
