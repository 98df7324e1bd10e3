namespace Graft.Training.Tests;

/// <summary>Stops a run somewhere: by asking it to (as Ctrl+C does), or by throwing (as a crash does).</summary>
internal sealed class Interrupter : ITrainingObserver
{
    private Action? _ask;

    /// <summary>Ask to stop after this step.</summary>
    public int AskAtStep { get; init; } = -1;

    /// <summary>Ask to stop while the evaluation with this number runs, from 1.</summary>
    public int AskAtEvaluation { get; init; } = -1;

    /// <summary>Crash when the checkpoint of this step is complete.</summary>
    public int CrashAtSave { get; init; } = -1;

    /// <summary>Whether it came to that.</summary>
    public bool HasStopped { get; private set; }

    private int _evaluations;

    public void Interrupt(Action<CancellationToken> run)
    {
        using var source = new CancellationTokenSource();
        _ask = source.Cancel;
        try
        {
            run(source.Token);
        }
        catch (CrashException)
        {
            HasStopped = true;
        }

        Assert.True(HasStopped, "the run ended before it could be interrupted");
    }

    public void OnStep(in StepReport report)
    {
        if (report.Step == AskAtStep)
        {
            Ask();
        }
    }

    public void OnEvaluationProgress(int done, int total)
    {
        _evaluations += done == 1 ? 1 : 0;
        if (done == 1 && _evaluations == AskAtEvaluation)
        {
            Ask();
        }
    }

    public void OnSave(string folder)
    {
        if (folder.EndsWith($"-{CrashAtSave}", StringComparison.Ordinal))
        {
            throw new CrashException();
        }
    }

    private void Ask()
    {
        HasStopped = true;
        _ask!();
    }

    private sealed class CrashException : Exception;
}
