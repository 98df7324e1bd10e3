using System.Text.Json;
using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Formats;
using Graft.Training;

namespace Graft.Cli.Inspection;

/// <summary>Checkpoints of a run, and the folder that they lie in. What is in them besides, an adapter or a model, is inspected as such.</summary>
internal static class CheckpointInspector
{
    private const string StateFile = "trainer_state.json";
    private const string RunFile = "graft_run.json";
    private const string OptimizerFile = "optimizer.safetensors";

    private static readonly string[] Shown = ["loss", "grad_norm", "learning_rate", "eval_loss", "train_loss"];

    /// <summary>Adds what a checkpoint folder is besides an adapter or a model.</summary>
    public static void Inspect(InspectionReport report, string folder)
    {
        report.Kind = report.Kind == "unknown" ? "checkpoint" : $"checkpoint with {report.Kind}";
        report.Attempt(() =>
        {
            TrainerState state = TrainerState.Load(Path.Combine(folder, StateFile));
            report.Fact("step", state.GlobalStep);
            report.Fact("max_steps", state.MaxSteps);
            report.Fact("epoch", state.Epoch);
            report.Fact("num_train_epochs", state.NumTrainEpochs);
            foreach (string name in Shown)
            {
                if (state.LogHistory.LastOrDefault(row => row[name] is not null) is { } row)
                {
                    report.Fact($"last_{name}", row[name]);
                }
            }

            if (state.BestMetric is { } best)
            {
                report.Fact("best_metric", best);
                report.Fact("best_global_step", state.BestGlobalStep);
            }
        });
        string? obstacle = WhyNotResumable(folder);
        report.Fact("resumable", obstacle is null);
        if (obstacle is null)
        {
            report.Note($"training goes on from here with resume_from_checkpoint: {folder}");
        }
        else if (File.Exists(Path.Combine(folder, RunFile)))
        {
            report.Problem($"training cannot go on from here: {obstacle}");
        }
        else
        {
            report.Warn($"training cannot go on from here: {obstacle}");
        }
    }

    /// <summary>Adds the checkpoints of a run's folder.</summary>
    public static void InspectRun(InspectionReport report, string folder)
    {
        report.Kind = report.Kind == "unknown" ? "run" : $"run with {report.Kind}";
        ReportTable table = report.Table("checkpoint", "checkpoints", "folder", "step", "epoch", "loss", "eval_loss", "resumable");
        foreach ((int step, string checkpoint) in RunFolder.Checkpoints(folder))
        {
            string name = Path.GetFileName(checkpoint);
            if (RunFolder.IsLeftOver(checkpoint))
            {
                report.Warn($"{name} is left over from a run that was stopped; the next save removes it, and so may you");
                continue;
            }

            string? obstacle = File.Exists(Path.Combine(checkpoint, StateFile)) ? WhyNotResumable(checkpoint) : $"{StateFile} is missing";
            TrainerState? state = null;
            if (File.Exists(Path.Combine(checkpoint, StateFile)))
            {
                report.Attempt(() => state = TrainerState.Load(Path.Combine(checkpoint, StateFile)));
            }

            table.Add(name, state?.GlobalStep ?? step, state?.Epoch, Last(state, "loss"), Last(state, "eval_loss"), obstacle is null);
            if (obstacle is not null)
            {
                report.Warn($"{name}: training cannot go on from here: {obstacle}");
            }
        }
    }

    private static double? Last(TrainerState? state, string name) => state?.LogHistory.LastOrDefault(row => row[name] is not null)?[name];

    /// <summary>What keeps a run from going on; null when nothing does. Whether model and data are the same, only the run can tell.</summary>
    private static string? WhyNotResumable(string folder)
    {
        string runPath = Path.Combine(folder, RunFile);
        string optimizerPath = Path.Combine(folder, OptimizerFile);
        if (!File.Exists(runPath))
        {
            return $"{RunFile} is missing, so another tool made it; its adapter or model can be used all the same";
        }

        if (!File.Exists(optimizerPath))
        {
            return $"{OptimizerFile} is missing";
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(runPath));
            RunFingerprint fingerprint = RunFingerprint.Read(document.RootElement);
            using SafetensorsFile optimizer = SafetensorsFile.Open(optimizerPath);
            long expected = fingerprint.Parameters.Sum(ElementsOf);
            return !optimizer.TryGet("parameters", out TensorEntry? values) ? $"{OptimizerFile} has no trained values"
                : values.ElementCount != expected ? $"{OptimizerFile} has {values.ElementCount:N0} trained values, {RunFile} asks for {expected:N0}"
                : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or OverflowException || Verb.IsForTheReader(e))
        {
            return $"{(e is JsonException or KeyNotFoundException or FormatException ? $"{RunFile} is damaged: " : string.Empty)}{e.Message}";
        }
    }

    /// <summary>Elements of a parameter that is listed as <c>name [a, b]</c>.</summary>
    private static long ElementsOf(string parameter)
    {
        int open = parameter.LastIndexOf('[');
        return open < 0
            ? throw new FormatException($"'{parameter}' has no shape")
            : parameter[(open + 1)..].TrimEnd(']').Split(',').Aggregate(1L, (product, size) => checked(product * long.Parse(size.Trim())));
    }
}
