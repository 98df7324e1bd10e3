using System.Diagnostics.CodeAnalysis;

namespace Graft.Training.Tracking;

/// <summary>Keeps a tracker's failure away from the run: it is reported once, and the tracker hears of nothing more.</summary>
/// <param name="tracker">The tracker; belongs to this object.</param>
/// <param name="warn">Takes the message.</param>
public sealed class GuardedTracker(ITracker tracker, Action<string> warn) : ITracker
{
    private bool _failed;

    /// <inheritdoc/>
    public string Name => tracker.Name;

    /// <inheritdoc/>
    public string? Location => _failed ? null : tracker.Location;

    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan) => Guard(plan, static (to, plan) => to.OnStart(plan));

    /// <inheritdoc/>
    public void OnStep(in StepReport report) => Guard(report, static (to, report) => to.OnStep(report));

    /// <inheritdoc/>
    public void OnLog(LogRow row) => Guard(row, static (to, row) => to.OnLog(row));

    /// <inheritdoc/>
    public void OnEvaluate(EvaluationResult result) => Guard(result, static (to, result) => to.OnEvaluate(result));

    /// <inheritdoc/>
    public void OnSave(string folder) => Guard(folder, static (to, folder) => to.OnSave(folder));

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result) => Guard(result, static (to, result) => to.OnEnd(result));

    /// <inheritdoc/>
    public void Dispose()
    {
        Guard(0, static (to, _) => to.Dispose());
        _failed = true;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever goes wrong in a tracker, the run must not stop for it.")]
    private void Guard<T>(T what, Action<ITracker, T> tell)
    {
        if (_failed)
        {
            return;
        }

        try
        {
            tell(tracker, what);
        }
        catch (Exception e)
        {
            _failed = true;
            warn($"report_to {Name} failed, and the run goes on without it: {e.Message}");
            Close();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The first error is the one to report; where writing failed, closing may fail too.")]
    private void Close()
    {
        try
        {
            tracker.Dispose();
        }
        catch (Exception)
        {
            _failed = true;
        }
    }
}
