using Graft.Cli.Tracking;

namespace Graft.Cli.Configuration;

/// <summary>Where a run is reported besides its own folder. By default nowhere, as in Transformers 5; before, its default was every tracker that is installed.</summary>
internal static class TrackerKeys
{
    public static readonly ConfigKey<IReadOnlyList<string>> ReportTo = new(
        RunTrackers.Names, "report_to", [], "write the run as trackers read it too: wandb (offline), tensorboard, mlflow (file store), all; default: none (Transformers before 5: all that are installed)");

    public static readonly ConfigKey<string?> RunName = new(ConfigTypes.Text, "run_name", null, "the run's name in trackers; default: their own");

    public static readonly ConfigKey<string?> Project = new(ConfigTypes.Text, "project", null, "W&B's project and MLflow's experiment; default: WANDB_PROJECT, MLFLOW_EXPERIMENT_NAME, or what Transformers takes", "wandb_project");

    public static readonly ConfigKey<string?> LoggingDir = new(ConfigTypes.OptionalOutputPath, "logging_dir", null, "folder for TensorBoard's event files; default: runs/DATE_HOST in output_dir");

    public static IReadOnlyList<ConfigKey> All { get; } = [ReportTo, RunName, Project, LoggingDir];
}
