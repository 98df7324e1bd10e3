namespace Graft.Training.Tracking;

/// <summary>
/// MLflow's file store: a run with what the Trainer's callback logs. Settings and the model's config as parameters, each number of each log row as a metric of the same name; beyond that the adapter's
/// configuration as <c>peft_config/...</c>, and figures of the process as <c>system/...</c>.
/// </summary>
/// <remarks>A resumed run goes on with its MLflow run.</remarks>
/// <param name="run">The run.</param>
/// <param name="store">The store's folder (<c>MLFLOW_TRACKING_URI</c>); null: <c>mlruns</c> in the run's folder.</param>
/// <param name="experiment">The experiment (<c>MLFLOW_EXPERIMENT_NAME</c>); null: the run's project, or MLflow's default.</param>
public sealed class MlflowTracker(TrackedRun run, string? store = null, string? experiment = null) : ITracker
{
    private const string StoreNote = "store";
    private const string ExperimentNote = "experiment_id";
    private const string RunNote = "run_id";

    private readonly SystemMeter _meter = new(run.Clock);
    private MlflowRun? _run;
    private int _step;

    /// <inheritdoc/>
    public string Name => "mlflow";

    /// <inheritdoc/>
    public string? Location { get; private set; }

    private long Now => run.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _step = plan.ResumedAt;
        _run = (plan.ResumedAt > 0 ? Resume() : null) ?? Start();
        Location = _run.Store;
        foreach ((string name, object? value) in run.ArgumentsWithModel())
        {
            LogParameter(name, value);
        }

        if (run.AdapterConfig is { } adapter)
        {
            foreach (System.Text.Json.JsonProperty member in adapter.EnumerateObject())
            {
                LogParameter($"peft_config/{member.Name}", member.Value);
            }
        }
    }

    /// <inheritdoc/>
    public void OnStep(in StepReport report)
    {
        _step = report.Step;
        if (_meter.MeasureWhenDue() is { } figures)
        {
            Write(figures);
        }
    }

    /// <inheritdoc/>
    public void OnLog(LogRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        long now = Now;
        foreach ((string name, double value) in LogNames.WithoutStep(row))
        {
            _run?.LogMetric(name, value, row.Step, now);
        }
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Write(_meter.Measure());
        End(result.Interrupted ? MlflowStatus.Killed : MlflowStatus.Finished);
    }

    /// <inheritdoc/>
    public void Dispose() => End(MlflowStatus.Failed);

    private MlflowRun? Resume()
        => TrackerState.Load(run.OutputDir, Name) is { } notes
            && notes.TryGetValue(StoreNote, out string? folder) && notes.TryGetValue(ExperimentNote, out string? experimentId) && notes.TryGetValue(RunNote, out string? id)
                ? MlflowRun.Resume(folder, experimentId, id)
                : null;

    private MlflowRun Start()
    {
        string folder = Path.GetFullPath(store ?? Path.Combine(run.OutputDir, "mlruns"));
        MlflowExperiment opened = MlflowExperiment.Open(folder, experiment ?? run.Project ?? MlflowExperiment.DefaultName, run.Clock);
        string id = Guid.NewGuid().ToString("N");
        string name = run.RunName ?? $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(run.OutputDir))}-{id[..6]}";
        MlflowRun started = MlflowRun.Start(opened, id, name, Environment.UserName, Now);
        started.SetTag("mlflow.source.name", "graft");
        started.SetTag("mlflow.source.type", "LOCAL");
        TrackerState.Save(run.OutputDir, Name, new Dictionary<string, string> { [StoreNote] = folder, [ExperimentNote] = opened.Id, [RunNote] = id });
        return started;
    }

    /// <summary>Values that are too long are left out, as the Trainer does.</summary>
    private void LogParameter(string name, object? value)
    {
        string text = PythonText.Of(value);
        if (text.Length <= MlflowRun.LongestParameter)
        {
            _run?.LogParameter(name, text);
        }
    }

    private void Write(SystemFigures figures)
    {
        long now = figures.Time.ToUnixTimeMilliseconds();
        _run?.LogMetric("system/process_cpu_percentage", figures.CpuPercent, _step, now);
        _run?.LogMetric("system/process_memory_megabytes", figures.ResidentMib, _step, now);
    }

    private void End(MlflowStatus status)
    {
        MlflowRun? ended = _run;
        _run = null;
        ended?.End(status, Now);
    }
}
