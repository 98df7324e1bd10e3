namespace Graft.Cli.Tracking;

/// <summary>The variables of trackers' own clients, as far as they make sense where nothing is sent.</summary>
/// <param name="variable">Reads one; null when it is not set.</param>
internal sealed class TrackerEnvironment(Func<string, string?> variable)
{
    /// <summary>W&amp;B's project; null: the Trainer's default.</summary>
    public string? WandbProject => Value("WANDB_PROJECT");

    /// <summary>The folder that gets W&amp;B's <c>wandb</c> folder; null: the run's.</summary>
    public string? WandbFolder => Value("WANDB_DIR") is { } folder ? Path.GetFullPath(folder) : null;

    /// <summary>TensorBoard's folder; null: one in the run's.</summary>
    public string? TensorBoardFolder => Value("TENSORBOARD_LOGGING_DIR") is { } folder ? Path.GetFullPath(folder) : null;

    /// <summary>MLflow's experiment; null: the run's project, or the default one.</summary>
    public string? MlflowExperiment => Value("MLFLOW_EXPERIMENT_NAME");

    /// <summary>MLflow's file store; null: <c>mlruns</c> in the run's folder.</summary>
    /// <exception cref="ArgumentException">It is a server or a database.</exception>
    public string? MlflowStore
    {
        get
        {
            string? uri = Value("MLFLOW_TRACKING_URI");
            if (uri is null)
            {
                return null;
            }

            if (uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            {
                return Uri.TryCreate(uri, UriKind.Absolute, out Uri? file) && file.Host.Length == 0
                    ? Path.GetFullPath(file.LocalPath)
                    : throw new ArgumentException($"MLFLOW_TRACKING_URI={uri} names no folder of this machine: write file:///PATH");
            }

            return uri.Contains("://", StringComparison.Ordinal) || uri is "databricks" or "databricks-uc"
                ? throw new ArgumentException(
                    $"MLFLOW_TRACKING_URI={uri} is no folder: Graft writes MLflow's file store and sends nothing. Unset it, or name a folder; what is in it can be sent later with mlflow's own tools")
                : Path.GetFullPath(uri);
        }
    }

    /// <summary>Whether W&amp;B is turned off by <c>WANDB_MODE=disabled</c> or <c>WANDB_DISABLED=true</c>.</summary>
    /// <param name="warn">Told so.</param>
    /// <exception cref="ArgumentException"><c>WANDB_MODE</c> asks for sending.</exception>
    public bool IsWandbDisabled(Action<string> warn)
    {
        string? mode = Value("WANDB_MODE")?.ToLowerInvariant();
        if (mode == "disabled" || Value("WANDB_DISABLED")?.ToLowerInvariant() is "true" or "1" or "yes" or "on")
        {
            warn($"report_to wandb has no effect: {(mode == "disabled" ? "WANDB_MODE is disabled" : "WANDB_DISABLED is set")}");
            return true;
        }

        return mode is null or "offline" or "dryrun"
            ? false
            : throw new ArgumentException($"WANDB_MODE={mode}: Graft sends nothing, it writes W&B's offline run folder. Unset WANDB_MODE or set it to offline, and send the folder with wandb sync");
    }

    private string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
}
