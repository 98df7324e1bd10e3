using Graft.Training;

namespace Graft.Cli.Planning;

/// <summary>Follows a run and keeps the most memory that it took: after every step, evaluation and checkpoint, when the step's memory is still held.</summary>
internal sealed class PeakMemory : ITrainingObserver
{
    /// <summary>Most private memory, in bytes.</summary>
    public long Private { get; private set; }

    /// <summary>Most file-backed memory: weights and program.</summary>
    public long FileBacked { get; private set; }

    /// <inheritdoc/>
    public void OnStep(in StepReport report) => Look();

    /// <inheritdoc/>
    public void OnLog(LogRow row) => Look();

    /// <inheritdoc/>
    public void OnSave(string folder) => Look();

    private void Look()
    {
        (long ownBytes, long fileBacked) = ProcessMemory.Now();
        Private = Math.Max(Private, ownBytes);
        FileBacked = Math.Max(FileBacked, fileBacked);
    }
}
