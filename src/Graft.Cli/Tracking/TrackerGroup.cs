using Graft.Training.Tracking;

namespace Graft.Cli.Tracking;

/// <summary>Trackers that are closed together: a run that ends by an error is a failed run in each of them.</summary>
/// <param name="members">The trackers; belong to this object.</param>
internal sealed class TrackerGroup(IReadOnlyList<ITracker> members) : IDisposable
{
    /// <summary>The trackers.</summary>
    public IReadOnlyList<ITracker> Members => members;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ITracker tracker in members)
        {
            tracker.Dispose();
        }
    }
}
