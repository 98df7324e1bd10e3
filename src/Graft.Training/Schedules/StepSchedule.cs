namespace Graft.Training.Schedules;

/// <summary>A schedule that is a function of the step: one factor multiplies every group's initial rate.</summary>
public abstract class StepSchedule : LearningRateSchedule
{
    private protected StepSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
    }

    /// <summary>What the initial rates are multiplied by at <paramref name="step"/>, from 0; steps beyond the end are defined too.</summary>
    /// <param name="step">The step about to be taken.</param>
    public abstract double FactorAt(long step);

    /// <inheritdoc/>
    public override double RateAt(long step, int group = 0) => InitialRates[group] * FactorAt(step);

    private protected static long Required(string schedule, string what, long? value) => value switch
    {
        null => throw new ArgumentException($"{schedule} needs {what}."),
        < 0 => throw new ArgumentException($"{schedule}: {what} must not be negative, but is {value}."),
        _ => value.Value,
    };

    /// <summary>From 0 at step 0 to 1 at the end of the warm-up.</summary>
    private protected static double LinearWarmup(long step, long warmupSteps) => step / (double)Math.Max(1, warmupSteps);

    /// <summary>How far the steps after the warm-up are done: 0 at its end, 1 at the end of training.</summary>
    private protected static double Progress(long step, long warmupSteps, long trainingSteps)
        => (step - warmupSteps) / (double)Math.Max(1, trainingSteps - warmupSteps);

    /// <summary>A cosine from 1 that is at 0 after half a cycle.</summary>
    private protected static double Cosine(double cycles, double progress) => 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * progress));
}
