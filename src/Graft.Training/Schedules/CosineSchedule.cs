namespace Graft.Training.Schedules;

/// <summary><c>cosine</c>: a linear warm-up, then <c>num_cycles</c> (0.5) waves of a cosine. Past the end the wave goes on.</summary>
public sealed class CosineSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;
    private readonly double _cycles;

    internal CosineSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        _cycles = Keywords.Number("num_cycles", 0.5);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step) => step < _warmupSteps
        ? LinearWarmup(step, _warmupSteps)
        : Math.Max(0, Cosine(_cycles, Progress(step, _warmupSteps, _trainingSteps)));
}

/// <summary><c>cosine_with_restarts</c>: a linear warm-up, then <c>num_cycles</c> (1) falls from 1 to 0, each starting over; 0 past the end.</summary>
public sealed class CosineWithRestartsSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;
    private readonly double _cycles;

    internal CosineWithRestartsSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        _cycles = Keywords.Number("num_cycles", 1);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step)
    {
        if (step < _warmupSteps)
        {
            return LinearWarmup(step, _warmupSteps);
        }

        double progress = Progress(step, _warmupSteps, _trainingSteps);
        return progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (_cycles * progress % 1.0))));
    }
}
