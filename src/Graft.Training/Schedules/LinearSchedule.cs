namespace Graft.Training.Schedules;

/// <summary><c>linear</c>: a linear warm-up, then linearly down to 0 at the end of training, where it stays.</summary>
public sealed class LinearSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;

    internal LinearSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step) => step < _warmupSteps
        ? LinearWarmup(step, _warmupSteps)
        : Math.Max(0, (_trainingSteps - step) / (double)Math.Max(1, _trainingSteps - _warmupSteps));
}
