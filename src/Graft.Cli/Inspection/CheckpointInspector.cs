using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Training;

namespace Graft.Cli.Inspection;

/// <summary>Checkpoints of a run, and the folder that they lie in. What is in them besides, an adapter or a model, is inspected as such.</summary>
internal static class CheckpointInspector
{
    private const string RunFile = "graft_run.json";

    private static readonly string[] Shown = ["loss", "grad_norm", "learning_rate", "eval_loss", "train_loss"];

    /// <summary>Adds what a checkpoint folder is besides an adapter or a model.</summary>
    public static void Inspect(InspectionReport report, string folder)
    {
        report.Kind = report.Kind == "unknown" ? "checkpoint" : $"checkpoint with {report.Kind}";
        AddState(report, folder);
        string? obstacle = WhyNotResumable(folder);
        report.Fact("resumable", obstacle is null);
        if (obstacle is null)
        {
            report.Note($"training goes on from here with resume_from_checkpoint: {folder}");
        }
        else if (File.Exists(Path.Combine(folder, RunFile)))
        {
            report.Problem(obstacle);
        }
        else
        {
            report.Warn(obstacle);
        }
    }

    /// <summary>Adds the checkpoints of a run's folder.</summary>
    public static void InspectRun(InspectionReport report, string folder)
    {
        report.Kind = report.Kind == "unknown" ? "run" : $"run with {report.Kind}";
        if (File.Exists(Path.Combine(folder, TrainerState.FileName)))
        {
            AddState(report, folder);
        }

        ReportTable table = report.Table("checkpoint", "checkpoints", "folder", "step", "epoch", "loss", "eval_loss", "resumable");
        foreach ((int step, string checkpoint) in RunFolder.Checkpoints(folder))
        {
            string name = Path.GetFileName(checkpoint);
            if (RunFolder.IsLeftOver(checkpoint))
            {
                report.Warn($"{name} is left over from a run that was stopped; the next save removes it, and so may you");
                continue;
            }

            string? obstacle = File.Exists(Path.Combine(checkpoint, TrainerState.FileName)) ? WhyNotResumable(checkpoint) : $"{TrainerState.FileName} is missing";
            TrainerState? state = null;
            if (File.Exists(Path.Combine(checkpoint, TrainerState.FileName)))
            {
                report.Attempt(() => state = TrainerState.Load(Path.Combine(checkpoint, TrainerState.FileName)));
            }

            table.Add(name, state?.GlobalStep ?? step, state?.Epoch, Last(state, "loss"), Last(state, "eval_loss"), obstacle is null);
            if (obstacle is not null)
            {
                report.Warn($"{name}: {obstacle}");
            }
        }
    }

    /// <summary>Where the run stands, or stood when it ended.</summary>
    private static void AddState(InspectionReport report, string folder)
    {
        report.Attempt(() =>
        {
            TrainerState state = TrainerState.Load(Path.Combine(folder, TrainerState.FileName));
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
    }

    private static double? Last(TrainerState? state, string name) => state?.LogHistory.LastOrDefault(row => row[name] is not null)?[name];

    /// <summary>What keeps a run from going on; null when nothing does. Whether model and data are the same, only the run can tell.</summary>
    private static string? WhyNotResumable(string folder)
    {
        try
        {
            CheckpointIntegrity.Verify(folder);
            return null;
        }
        catch (Exception e) when (Verb.IsForTheReader(e))
        {
            return e.Message;
        }
    }
}
