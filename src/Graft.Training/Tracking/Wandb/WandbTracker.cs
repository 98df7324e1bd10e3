using System.Globalization;
using System.Security.Cryptography;

namespace Graft.Training.Tracking;

/// <summary>
/// Weights &amp; Biases, offline: a run folder <c>wandb/offline-run-DATE-ID</c> that <c>wandb sync</c> accepts, with what the Trainer's callback logs. Nothing is sent anywhere.
/// </summary>
/// <remarks>A resumed run is a new run, as the format has no end to append to; its notes name the run that it goes on with.</remarks>
/// <param name="run">The run.</param>
/// <param name="folder">The folder that gets the <c>wandb</c> folder (<c>WANDB_DIR</c>); null: the run's.</param>
public sealed class WandbTracker(TrackedRun run, string? folder = null) : ITracker
{
    /// <summary>The project when none is given: the Trainer's.</summary>
    public const string DefaultProject = "huggingface";

    private const string IdLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const string RunIdNote = "run_id";
    private const int Failed = 1;
    private const int Interrupted = 255;

    // The oldest wandb whose records have all the fields that are written here.
    private const string MinConsumer = "0.70.0";

    private readonly SystemMeter _meter = new(run.Clock);
    private WandbFile? _file;
    private DateTimeOffset _started;
    private long _rows;

    /// <inheritdoc/>
    public string Name => "wandb";

    /// <inheritdoc/>
    public string? Location { get; private set; }

    private double Runtime => Math.Round((run.Clock.GetUtcNow() - _started).TotalSeconds, 6);

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _started = run.Clock.GetUtcNow();
        string id = RandomNumberGenerator.GetString(IdLetters, 8);
        string date = run.Clock.GetLocalNow().ToString("yyyyMMdd_HHmmss", CultureInfo.InvariantCulture);
        string runFolder = Path.Combine(folder ?? run.OutputDir, "wandb", $"offline-run-{date}-{id}");
        Location = runFolder;
        Directory.CreateDirectory(Path.Combine(runFolder, "files"));
        Directory.CreateDirectory(Path.Combine(runFolder, "logs"));
        _file = new WandbFile(Path.Combine(runFolder, $"run-{id}.wandb"), id);
        IReadOnlyDictionary<string, string>? before = plan.ResumedAt > 0 ? TrackerState.Load(run.OutputDir, Name) : null;
        string version = typeof(WandbTracker).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
        _file.Write(new WandbHeader($"graft-{version}", MinConsumer));
        _file.Write(new WandbRun(id)
        {
            Project = run.Project ?? DefaultProject,
            Config = new WandbConfig(Config(plan)),
            DisplayName = run.RunName,
            Notes = before is null ? null : $"resumed after step {plan.ResumedAt}; the steps before are in run {before.GetValueOrDefault(RunIdNote)}",
            Host = Environment.MachineName,
            StartTime = _started,
        });
        _file.Write(new WandbMetric { Name = "train/global_step", Defined = true });
        _file.Write(new WandbMetric { GlobName = "*", StepMetric = "train/global_step", StepSync = true, Defined = true });
        TrackerState.Save(run.OutputDir, Name, new Dictionary<string, string> { [RunIdNote] = id });
    }

    /// <inheritdoc/>
    public void OnStep(in StepReport report)
    {
        if (_meter.MeasureWhenDue() is { } figures)
        {
            Write(figures);
        }
    }

    /// <inheritdoc/>
    public void OnLog(LogRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        WandbItem[] singles = [.. LogNames.WithoutStep(row).Where(number => LogNames.IsSingleValue(number.Key)).Select(number => WandbItem.Of(number.Key, number.Value))];
        if (singles.Length > 0)
        {
            _file?.Write(new WandbSummary(singles));
        }

        List<WandbItem> items =
        [
            .. LogNames.WithoutStep(row).Where(number => !LogNames.IsSingleValue(number.Key)).Select(number => Nested(LogNames.Grouped(number.Key), number.Value)),
            Nested("train/global_step", row.Step),
            Nested("_timestamp", (run.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds),
            Nested("_runtime", Runtime),
            Nested("_step", _rows),
        ];
        _file?.Write(new WandbSummary([.. items, RuntimeItem()]));
        _file?.Write(new WandbHistory(items, _rows));
        _rows++;
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Write(_meter.Measure());
        if (result.State.BestMetric is { } best)
        {
            _file?.Write(new WandbSummary([WandbItem.Of("best_metric", best), WandbItem.Of("best_global_step", (long)(result.State.BestGlobalStep ?? 0))]));
        }

        End(result.Interrupted ? Interrupted : 0);
    }

    /// <inheritdoc/>
    public void Dispose() => End(Failed);

    private static WandbItem Nested(string key, object? value) => new([key], WandbJson.Write(value), IsNested: true);

    private WandbItem RuntimeItem() => new(["_wandb", "runtime"], WandbJson.Write((long)Runtime));

    private void End(int exitCode)
    {
        WandbFile? file = _file;
        _file = null;
        if (file is null)
        {
            return;
        }

        using (file)
        {
            file.Write(new WandbSummary([RuntimeItem()]));
            file.Write(new WandbExit(exitCode, (int)Runtime));
        }
    }

    private void Write(SystemFigures figures) => _file?.Write(new WandbStats(figures.Time,
    [
        WandbItem.Of("cpu", figures.CpuPercent),
        WandbItem.Of("proc.memory.rssMB", figures.ResidentMib),
        WandbItem.Of("proc.memory.percent", figures.ResidentPercent),
        WandbItem.Of("proc.cpu.threads", (double)figures.Threads),
    ]));

    /// <summary>The settings and the model's config side by side, the adapter's below <c>peft_config</c> by the adapter's name, as PEFT has them.</summary>
    private List<WandbItem> Config(TrainingPlan plan)
    {
        List<WandbItem> items = [WandbItem.Of("_wandb", new Dictionary<string, object?>())];
        if (run.AdapterConfig is { } adapter)
        {
            items.Add(WandbItem.Of("peft_config", new Dictionary<string, object?> { ["default"] = adapter }));
        }

        items.AddRange(run.ArgumentsWithModel().Select(pair => WandbItem.Of(pair.Key, pair.Value)));
        items.Add(WandbItem.Of("model/num_parameters", plan.AllParameters));
        return items;
    }
}
