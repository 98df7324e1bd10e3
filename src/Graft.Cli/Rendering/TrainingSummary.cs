using System.Buffers;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;

namespace Graft.Cli.Rendering;

/// <summary>How a run ended, and what to type next.</summary>
internal static class TrainingSummary
{
    private static readonly SearchValues<char> ShellSigns = SearchValues.Create(" \"'$&;()*?<>|`\\");

    /// <summary>Writes it to stdout, or as the <c>summary</c> event.</summary>
    public static void Write(Output output, PreparedRun run, TrainingResult result, PeakMemory peak)
    {
        string folder = run.Configuration.OutputDir;
        string resume = $"graft train {Quote(folder)} --resume";
        if (result.Interrupted)
        {
            output.Line(
                result.GlobalStep == 0
                    ? "stopped before the first step: nothing was saved"
                    : $"stopped after step {result.GlobalStep} of {result.State.MaxSteps}; {result.LastCheckpoint} is complete. Go on with:\n  {resume}");
        }
        else
        {
            string early = result.StoppedEarly ? $" (early, of {result.State.MaxSteps})" : string.Empty;
            output.Line($"{result.GlobalStep} steps{early} in {Units.Time(result.Seconds)}, {result.Tokens:N0} tokens, mean loss {Units.Loss(result.TrainLoss)}");
            if (result.State.BestMetric is { } best)
            {
                output.Line($"best evaluation: {Units.Loss(best)} at step {result.State.BestGlobalStep}{(result.State.BestModelCheckpoint is { } at ? $", {at}" : string.Empty)}");
            }

            output.Line($"peak memory: {Units.Bytes(peak.Private)} private, and {Units.Bytes(peak.FileBacked)} of files (weights and program), which the system can drop");
            output.Line(run.Model.AdapterNames.Count > 0 ? $"adapter: {folder}" : $"model: {folder}");
        }

        WriteEvent(output, result, folder, resume, peak);
    }

    private static void WriteEvent(Output output, TrainingResult result, string folder, string resume, PeakMemory peak) => output.Event("summary", writer =>
    {
        writer.WriteString("output", folder);
        writer.WriteNumber("global_step", result.GlobalStep);
        writer.WriteNumber("max_steps", result.State.MaxSteps);
        if (double.IsFinite(result.TrainLoss))
        {
            writer.WriteNumber("train_loss", result.TrainLoss);
        }

        writer.WriteNumber("seconds", Math.Round(result.Seconds, 3));
        writer.WriteNumber("tokens", result.Tokens);
        writer.WriteNumber("tokens_per_s", Math.Round(result.Tokens / Math.Max(result.Seconds, 1e-9), 1));
        writer.WriteNumber("peak_resident_bytes", ProcessMemory.PeakResident);
        writer.WriteNumber("peak_private_bytes", peak.Private);
        writer.WriteNumber("peak_file_backed_bytes", peak.FileBacked);
        writer.WriteBoolean("interrupted", result.Interrupted);
        writer.WriteBoolean("stopped_early", result.StoppedEarly);
        if (result.State.BestMetric is { } best)
        {
            writer.WriteNumber("best_metric", best);
        }

        if (result.LastCheckpoint is { } checkpoint)
        {
            writer.WriteString("checkpoint", checkpoint);
        }

        if (result.Interrupted)
        {
            writer.WriteString("resume", resume);
        }
    });

    private static string Quote(string path) => path.AsSpan().ContainsAny(ShellSigns) ? $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'" : path;
}
