using System.Globalization;
using System.Text.Json;
using Graft.Peft;

namespace Graft.Training.Tracking;

/// <summary>
/// TensorBoard: an event file with what the Trainer's callback logs. Texts <c>args</c> and <c>model_config</c> at the beginning, then each number of each log row as a scalar; beyond that the adapter's
/// configuration, and figures of the process.
/// </summary>
/// <remarks>A resumed run adds a file to its folder, and TensorBoard drops what older ones say of the steps that come again.</remarks>
/// <param name="run">The run.</param>
/// <param name="loggingDir">Where the event file goes; null: <c>runs/DATE_HOST</c> in the run's folder, as in Transformers.</param>
public sealed class TensorBoardTracker(TrackedRun run, string? loggingDir = null) : ITracker
{
    private const string FolderNote = "logging_dir";

    private readonly SystemMeter _meter = new(run.Clock);
    private EventFileWriter? _file;
    private int _step;

    /// <inheritdoc/>
    public string Name => "tensorboard";

    /// <inheritdoc/>
    public string? Location { get; private set; }

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _step = plan.ResumedAt;
        string folder = Folder(isResumed: plan.ResumedAt > 0);
        Location = folder;
        _file = new EventFileWriter(folder, run.Clock);
        TrackerState.Save(run.OutputDir, Name, new Dictionary<string, string> { [FolderNote] = folder });
        if (plan.ResumedAt > 0)
        {
            _file.StartSession(plan.ResumedAt + 1);
            return;
        }

        _file.Write(0, SummaryValue.Text("args", PythonJson.Write(new PythonJson.Ordered(run.Arguments))));
        WriteConfig("model_config", run.ModelConfig);
        WriteConfig("peft_config", run.AdapterConfig);
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

        // An event for each number, as SummaryWriter.add_scalar writes them.
        foreach ((string name, double value) in LogNames.WithoutStep(row))
        {
            _file?.Write(row.Step, SummaryValue.Scalar(LogNames.Grouped(name), value));
        }
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        Write(_meter.Measure());
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void WriteConfig(string tag, JsonElement? config)
    {
        if (config is { } element)
        {
            _file?.Write(0, SummaryValue.Text(tag, PythonJson.Write(element) + "\n"));
        }
    }

    private void Write(SystemFigures figures)
        => _file?.Write(_step, SummaryValue.Scalar("system/cpu_percent", figures.CpuPercent), SummaryValue.Scalar("system/memory_rss_mb", figures.ResidentMib));

    private string Folder(bool isResumed)
    {
        if (isResumed && TrackerState.Load(run.OutputDir, Name)?.GetValueOrDefault(FolderNote) is { } before && Directory.Exists(before))
        {
            return before;
        }

        string date = run.Clock.GetLocalNow().ToString("MMMdd_HH-mm-ss", CultureInfo.InvariantCulture);
        return loggingDir ?? Path.Combine(run.OutputDir, "runs", $"{date}_{Environment.MachineName}");
    }
}
