using System.Diagnostics;

namespace Graft.Training;

/// <summary>Sums and times of a run since it was started or resumed.</summary>
internal sealed class RunProgress(int firstStep, int maxSteps)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private double _total;
    private int _loggedSteps;

    // The Trainer adds up in float32; its log shows the rounding.
    private float _window;

    public int Steps { get; private set; }

    public long Tokens { get; private set; }

    public double GradNorm { get; private set; }

    public double LearningRate { get; private set; }

    public double Seconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    public double TokensPerSecond => Tokens / Math.Max(1e-9, Seconds);

    public double RemainingSeconds => Steps == 0 ? double.NaN : Seconds / Steps * (maxSteps - firstStep - Steps);

    public double TrainLoss => Steps == 0 ? 0 : _total / Steps;

    public bool HasUnlogged => Steps > _loggedSteps;

    public void Add(double loss, double gradNorm, double learningRate, int tokens)
    {
        _window += (float)loss;
        _total += loss;
        (GradNorm, LearningRate) = (gradNorm, learningRate);
        Steps++;
        Tokens += tokens;
    }

    /// <summary>What has not been logged, for a checkpoint that comes before the log of its own step.</summary>
    public double[] SaveWindow() => [_window, Steps - _loggedSteps, GradNorm, LearningRate];

    /// <summary>Goes on from what <see cref="SaveWindow"/> returned; nothing for an empty list.</summary>
    public void RestoreWindow(ReadOnlySpan<double> saved)
    {
        if (saved is [var window, var steps, var gradNorm, var learningRate])
        {
            (_window, _loggedSteps, GradNorm, LearningRate) = ((float)window, Steps - (int)steps, gradNorm, learningRate);
        }
    }

    /// <summary>Mean loss since the last call.</summary>
    public double TakeWindow()
    {
        double mean = _window / (Steps - _loggedSteps);
        ForgetWindow();
        return mean;
    }

    /// <summary>Begins a new window.</summary>
    public void ForgetWindow()
    {
        _window = 0;
        _loggedSteps = Steps;
    }
}
