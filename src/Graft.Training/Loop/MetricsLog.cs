using System.Text;
using Graft.Formats;

namespace Graft.Training;

/// <summary>
/// Keeps the log of a run beside its checkpoints: <c>metrics.jsonl</c>, a line for each row as soon as there is one, and
/// <c>trainer_state.json</c> when the run ends.
/// </summary>
/// <remarks>
/// A resumed run begins with the rows of its checkpoint, so its file is that of a run that was never stopped, but for the times and for
/// the last row: <c>train_loss</c> counts from the resume, as in Transformers.
/// </remarks>
/// <param name="outputDir">The run's folder; created when missing.</param>
public sealed class MetricsLog(string outputDir) : ITrainingObserver, IDisposable
{
    /// <summary>Name of the file with the rows.</summary>
    public const string FileName = "metrics.jsonl";

    private FileStream? _stream;

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _stream?.Dispose();
        Directory.CreateDirectory(outputDir);
        RemoveLeftovers();
        string path = Path.Combine(outputDir, FileName);
        AtomicFile.WriteAllText(path, string.Concat(plan.LogHistory.Select(row => $"{row.ToJsonLine()}\n")));
        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <inheritdoc/>
    public void OnLog(LogRow row)
    {
        ArgumentNullException.ThrowIfNull(row);

        // One write for a whole line: a kill leaves no half of it.
        _stream?.Write(Encoding.UTF8.GetBytes($"{row.ToJsonLine()}\n"));
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Dispose();
        AtomicFile.WriteAllText(Path.Combine(outputDir, TrainerState.FileName), result.State.ToJson());
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>Removes the temporary files of a run that was killed while it wrote.</summary>
    private void RemoveLeftovers()
    {
        foreach (string name in new[] { FileName, TrainerState.FileName })
        {
            foreach (string file in Directory.EnumerateFiles(outputDir, $".{name}.*.tmp"))
            {
                File.Delete(file);
            }
        }
    }
}
