namespace Graft.Training.Schedules;

/// <summary>
/// <c>polynomial</c>: a linear warm-up, then down to <c>lr_end</c> (1e-7) along a curve of degree <c>power</c> (1). <c>lr_end</c>
/// becomes a part of the optimizer's default rate, for every group.
/// </summary>
public sealed class PolynomialSchedule : StepSchedule
{
    private readonly long _warmupSteps;
    private readonly long _trainingSteps;
    private readonly double _end;
    private readonly double _power;

    internal PolynomialSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        _end = Keywords.Number("lr_end", 1e-7);
        _power = Keywords.Number("power", 1);
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _trainingSteps = Required(name, "num_training_steps", arguments.NumTrainingSteps);
        if (!(arguments.LearningRate > _end))
        {
            throw new ArgumentException($"{name}: lr_end ({_end}) must be smaller than the learning rate ({arguments.LearningRate}).");
        }
    }

    /// <inheritdoc/>
    public override double FactorAt(long step)
    {
        if (step < _warmupSteps)
        {
            return LinearWarmup(step, _warmupSteps);
        }

        // Without steps between warm-up and end transformers divides by zero; the end rate is what it would tend to.
        if (step > _trainingSteps || _trainingSteps == _warmupSteps)
        {
            return _end / DefaultLearningRate;
        }

        double remaining = 1 - ((step - _warmupSteps) / (double)(_trainingSteps - _warmupSteps));
        return (((DefaultLearningRate - _end) * Math.Pow(remaining, _power)) + _end) / DefaultLearningRate;
    }
}
