using Graft.Formats;
using Graft.Peft;
using Graft.Training.Schedules;

namespace Graft.Training;

/// <summary>Saves and restores a run as <c>checkpoint-N</c> folders: each is complete or invisible (design D9).</summary>
/// <remarks>
/// Everything is written into <c>checkpoint-N.incomplete</c>, flushed, and renamed. A kill at any moment leaves either the whole folder or
/// none; what is left of an incomplete one is removed by the next save.
/// </remarks>
internal sealed class TrainingCheckpoint
{
    private readonly string _outputDir;
    private readonly PeftModel _model;
    private readonly ParameterUpdate _update;
    private readonly LearningRateSchedule _schedule;
    private readonly Lazy<RunFingerprint> _fingerprint;

    public TrainingCheckpoint(string outputDir, PeftModel model, ParameterUpdate update, LearningRateSchedule schedule, Func<RunFingerprint> fingerprint)
    {
        _outputDir = outputDir;
        _model = model;
        _update = update;
        _schedule = schedule;
        _fingerprint = new Lazy<RunFingerprint>(fingerprint);
    }

    /// <summary>Writes the tokenizer's files into a folder; may be null.</summary>
    public Action<string>? SaveTokenizer { get; init; }

    /// <summary>Writes a checkpoint and returns its folder.</summary>
    /// <param name="state">The state.</param>
    /// <param name="next">What comes next.</param>
    /// <param name="logWindow">What is still to be logged.</param>
    /// <exception cref="IOException">It could not be written; nothing of it is left.</exception>
    public string Save(TrainerState state, RunPhase next, double[] logWindow)
    {
        string target = CheckpointFolders.Of(_outputDir, state.GlobalStep);
        string folder = target + CheckpointFolders.Incomplete;
        Directory.CreateDirectory(_outputDir);
        CheckpointFolders.RemoveLeftovers(_outputDir);
        Directory.CreateDirectory(folder);
        try
        {
            Write(folder, state, next, logWindow);
            CheckpointFolders.Remove(target);
            Directory.Move(folder, target);
        }
        catch
        {
            RemoveQuietly(folder);
            throw;
        }

        return target;
    }

    /// <summary>Restores values, moments and schedule; returns the state, what comes next and what is still to be logged.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or belongs to another run; the message says what differs.</exception>
    public (TrainerState State, RunPhase Next, double[] LogWindow) Load(string folder)
    {
        CheckpointManifest manifest = CheckpointManifest.Load(folder);
        string[] differences = [.. _fingerprint.Value.DifferencesFrom(manifest.Fingerprint)];
        if (differences.Length > 0)
        {
            throw new InvalidDataException($"{folder} belongs to another run:\n  {string.Join("\n  ", differences)}\nUse the same settings, or start anew in another output folder");
        }

        manifest.Verify(folder);
        TrainerState state = TrainerState.Load(Path.Combine(folder, TrainerState.FileName));
        if (_schedule is MetricSchedule metric)
        {
            metric.Restore(manifest.Schedule);
        }

        OptimizerFile.Load(folder, _update);
        return (state, manifest.Next, manifest.LogWindow);
    }

    private void Write(string folder, TrainerState state, RunPhase next, double[] logWindow)
    {
        if (_model.AdapterNames.Count > 0)
        {
            _model.SaveAdapter(folder);
        }
        else
        {
            _model.SaveModel(folder);
        }

        SaveTokenizer?.Invoke(folder);
        OptimizerFile.Save(folder, _update);
        string stateText = state.ToJson();
        var manifest = new CheckpointManifest
        {
            Fingerprint = _fingerprint.Value,
            Next = next,
            LogWindow = logWindow,
            Schedule = _schedule is MetricSchedule metric ? metric.Save() : [],
            Files = new Dictionary<string, (long Size, string Hash)>(StringComparer.Ordinal)
            {
                [OptimizerFile.FileName] = CheckpointManifest.Measure(Path.Combine(folder, OptimizerFile.FileName)),
                [TrainerState.FileName] = CheckpointManifest.MeasureText(stateText),
            },
        };
        AtomicFile.WriteAllText(Path.Combine(folder, CheckpointManifest.FileName), manifest.ToJson());
        AtomicFile.WriteAllText(Path.Combine(folder, TrainerState.FileName), stateText);
    }

    private static void RemoveQuietly(string folder)
    {
        try
        {
            CheckpointFolders.Remove(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report; what is left over goes with the next save.
        }
    }
}
