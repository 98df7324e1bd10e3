namespace Graft.Training;

/// <summary>Passes everything on to several observers, in order.</summary>
/// <param name="observers">The observers.</param>
public sealed class CompositeObserver(params IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
{
    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnStart(plan);
        }
    }

    /// <inheritdoc/>
    public void OnStep(in StepReport report)
    {
        // By index: an enumerator would be the only thing that a step allocates.
        for (int i = 0; i < observers.Count; i++)
        {
            observers[i].OnStep(report);
        }
    }

    /// <inheritdoc/>
    public void OnLog(LogRow row)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnLog(row);
        }
    }

    /// <inheritdoc/>
    public void OnEvaluationProgress(int done, int total)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnEvaluationProgress(done, total);
        }
    }

    /// <inheritdoc/>
    public void OnEvaluate(EvaluationResult result)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnEvaluate(result);
        }
    }

    /// <inheritdoc/>
    public void OnSave(string folder)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnSave(folder);
        }
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        foreach (ITrainingObserver observer in observers)
        {
            observer.OnEnd(result);
        }
    }
}
