namespace Graft.Training.Schedules;

/// <summary>
/// <c>cosine_with_min_lr</c>: like <c>cosine</c>, but down to <c>min_lr</c> (a rate) or <c>min_lr_rate</c> (a part of the initial
/// rate), exactly one of which must be given. <c>min_lr</c> becomes a part of the optimizer's default rate, for every group.
/// </summary>
public sealed class CosineWithMinimumSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;
    private readonly double _cycles;
    private readonly double _minimum;

    internal CosineWithMinimumSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        _cycles = Keywords.Number("num_cycles", 0.5);
        _minimum = MinimumRate(name, Keywords, arguments.LearningRate);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step) => step < _warmupSteps
        ? LinearWarmup(step, _warmupSteps)
        : Math.Max(0, (Cosine(_cycles, Progress(step, _warmupSteps, _trainingSteps)) * (1 - _minimum)) + _minimum);

    /// <summary>The floor as a part of the initial rate.</summary>
    internal static double MinimumRate(string schedule, KeywordArguments keywords, double learningRate)
        => (keywords.OptionalNumber("min_lr"), keywords.OptionalNumber("min_lr_rate")) switch
        {
            (null, null) => throw new ArgumentException($"{schedule} needs min_lr or min_lr_rate in lr_scheduler_kwargs."),
            ({ } minimum, null) => minimum / learningRate,
            (null, { } part) => part,
            _ => throw new ArgumentException($"{schedule} takes min_lr or min_lr_rate, not both."),
        };
}

/// <summary>
/// <c>cosine_warmup_with_min_lr</c>: <c>cosine_with_min_lr</c> with a warm-up that starts above 0, at <c>1 / warm-up steps</c> or at
/// <c>warmup_lr_rate</c>, and is complete one step earlier; the first step after it is already below 1.
/// </summary>
public sealed class CosineWarmupWithMinimumSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;
    private readonly double _cycles;
    private readonly double _minimum;
    private readonly double? _warmupStart;

    internal CosineWarmupWithMinimumSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        _cycles = Keywords.Number("num_cycles", 0.5);
        _warmupStart = Keywords.OptionalNumber("warmup_lr_rate");
        _minimum = CosineWithMinimumSchedule.MinimumRate(name, Keywords, arguments.LearningRate);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step)
    {
        if (step >= _warmupSteps)
        {
            return Math.Max(0, (Cosine(_cycles, Progress(step + 1, _warmupSteps, _trainingSteps)) * (1 - _minimum)) + _minimum);
        }

        return _warmupStart is { } start
            ? start + ((1 - start) * step / Math.Max(1, _warmupSteps - 1))
            : LinearWarmup(step + 1, _warmupSteps);
    }
}
