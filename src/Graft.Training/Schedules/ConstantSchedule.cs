namespace Graft.Training.Schedules;

/// <summary><c>constant</c>: the initial rates, without warm-up even where one is given.</summary>
public sealed class ConstantSchedule : StepSchedule
{
    internal ConstantSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments) => Keywords.RefuseOthers();

    /// <inheritdoc/>
    public override double FactorAt(long step) => 1;
}

/// <summary><c>constant_with_warmup</c>: a linear warm-up, then the initial rates. Arguments of its own are ignored, as Hugging Face ignores them.</summary>
public sealed class ConstantWithWarmupSchedule : StepSchedule
{
    private readonly long _warmupSteps;

    internal ConstantWithWarmupSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments) => _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);

    /// <inheritdoc/>
    public override double FactorAt(long step) => step < _warmupSteps ? LinearWarmup(step, _warmupSteps) : 1;
}
