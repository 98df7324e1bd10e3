namespace Graft.Training.Schedules;

/// <summary>
/// <c>warmup_stable_decay</c>: warm-up, a plateau at 1, then a decay over <c>num_decay_steps</c> to <c>min_lr_ratio</c> (0), where it
/// stays. The shapes are <c>warmup_type</c> (linear) and <c>decay_type</c> (cosine, of <c>num_cycles</c> waves): linear, cosine or 1-sqrt.
/// A missing <c>num_stable_steps</c> is what the training steps leave; if they leave less than nothing, the decay begins part way.
/// </summary>
public sealed class WarmupStableDecaySchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _stableSteps;
    private readonly long _decaySteps;
    private readonly string _warmupType;
    private readonly string _decayType;
    private readonly double _minimum;
    private readonly double _cycles;

    internal WarmupStableDecaySchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        long? decaySteps = Keywords.OptionalCount("num_decay_steps");
        long? stableSteps = Keywords.OptionalCount("num_stable_steps");
        _warmupType = Keywords.Word("warmup_type", "linear", "cosine", "1-sqrt");
        _decayType = Keywords.Word("decay_type", "cosine", "linear", "1-sqrt");
        _minimum = Keywords.Number("min_lr_ratio", 0);
        _cycles = Keywords.Number("num_cycles", 0.5);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _decaySteps = Required(name, "num_decay_steps in lr_scheduler_kwargs", decaySteps);
        _stableSteps = stableSteps
            ?? (Required(name, "num_training_steps, or num_stable_steps in lr_scheduler_kwargs", arguments.NumTrainingSteps) - _warmupSteps - _decaySteps);
    }

    /// <inheritdoc/>
    public override double FactorAt(long step)
    {
        long decayStart = _warmupSteps + _stableSteps;
        if (step < _warmupSteps)
        {
            return AboveMinimum(Rise(LinearWarmup(step, _warmupSteps)));
        }

        if (step < decayStart)
        {
            return 1;
        }

        return step < decayStart + _decaySteps ? AboveMinimum(Fall((step - decayStart) / (double)Math.Max(1, _decaySteps))) : _minimum;
    }

    private double AboveMinimum(double factor) => Math.Max(0, (factor * (1 - _minimum)) + _minimum);

    private double Rise(double progress) => _warmupType switch
    {
        "linear" => progress,
        "cosine" => 0.5 * (1 - Math.Cos(Math.PI * progress)),
        _ => 1 - Math.Sqrt(1 - progress),
    };

    private double Fall(double progress) => _decayType switch
    {
        "linear" => 1 - progress,
        "cosine" => Cosine(_cycles, progress),
        _ => 1 - Math.Sqrt(progress),
    };
}
