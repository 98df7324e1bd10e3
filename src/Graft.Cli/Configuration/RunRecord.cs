using System.Text.Json;
using Graft.Formats;
using Graft.Peft;
using Graft.Training;

namespace Graft.Cli.Configuration;

/// <summary>
/// Writes the run's configuration as soon as it is certain that the run begins: not when a checkpoint does not fit. Beside it stands <c>run.json</c>: when the run began, how it ended, how long it took.
/// </summary>
/// <remarks>Time and tokens of a resumed run are those of all its parts that came to an end.</remarks>
internal sealed class RunRecord(RunConfiguration configuration) : ITrainingObserver
{
    /// <summary>Name of the record.</summary>
    public const string FileName = "run.json";

    private TrainingPlan? _plan;
    private DateTimeOffset _started;
    private (double Seconds, long Tokens) _before;

    private string RecordPath => Path.Combine(configuration.OutputDir, FileName);

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        OutputFolder.Begin(configuration);
        (_plan, _started) = (plan, DateTimeOffset.UtcNow);
        if (plan.ResumedAt > 0 && PastRecord.Read(RecordPath) is { } before)
        {
            _before = (before.Seconds, before.Tokens);
            _started = before.StartedAt ?? _started;
        }

        Write("running", plan.ResumedAt, _before.Seconds, _before.Tokens);
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
        => Write(result.Interrupted ? "interrupted" : result.StoppedEarly ? "stopped early" : "finished", result.GlobalStep, _before.Seconds + result.Seconds, _before.Tokens + result.Tokens);

    private void Write(string status, int step, double seconds, long tokens) => AtomicFile.WriteAllText(RecordPath, PythonJson.Write(new PythonJson.Ordered(
    [
        KeyValuePair.Create("status", (object?)status),
        KeyValuePair.Create("started_at", (object?)_started.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)),
        KeyValuePair.Create("seconds", (object?)Math.Round(seconds, 3)),
        KeyValuePair.Create("tokens", (object?)tokens),
        KeyValuePair.Create("global_step", (object?)step),
        KeyValuePair.Create("max_steps", (object?)_plan!.MaxSteps),
        KeyValuePair.Create("samples", (object?)_plan.Samples),
        KeyValuePair.Create("trainable_parameters", (object?)_plan.TrainableParameters),
        KeyValuePair.Create("all_parameters", (object?)_plan.AllParameters),
    ])) + "\n");
}

/// <summary>A run's record as it was written.</summary>
/// <param name="Status">How it ended; <c>running</c> for a run that goes on, or was killed.</param>
/// <param name="StartedAt">When it began; null when that is not known.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Tokens">Tokens that it trained on.</param>
/// <param name="GlobalStep">Steps done.</param>
/// <param name="MaxSteps">Steps planned.</param>
internal sealed record PastRecord(string Status, DateTimeOffset? StartedAt, double Seconds, long Tokens, int GlobalStep, int MaxSteps)
{
    /// <summary>Reads one; null when there is none, or it is damaged.</summary>
    /// <param name="path">A run.json.</param>
    public static PastRecord? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            return new PastRecord(
                root.GetProperty("status").GetString() ?? "unknown",
                root.GetProperty("started_at").TryGetDateTimeOffset(out DateTimeOffset started) ? started : null,
                root.GetProperty("seconds").GetDouble(),
                root.GetProperty("tokens").GetInt64(),
                root.GetProperty("global_step").GetInt32(),
                root.GetProperty("max_steps").GetInt32());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
