namespace Graft.Training.Tracking;

/// <summary>Writes a run in the format of a tracker. Disposed before the run has ended, it says that the run failed.</summary>
public interface ITracker : ITrainingObserver, IDisposable
{
    /// <summary>Its name in <c>report_to</c>.</summary>
    string Name { get; }

    /// <summary>The folder to open with the tracker's own program; null before the run begins, and after a failure.</summary>
    string? Location { get; }
}
