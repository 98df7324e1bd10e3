namespace Graft.Training.Schedules;

/// <summary>What a learning-rate schedule is made from.</summary>
public sealed class SchedulerArguments
{
    /// <summary>The optimizer's default rate. Absolute rates in <see cref="SpecificArguments"/> are relative to it, for every group.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The rate of each parameter group at the start; null: one group with <see cref="LearningRate"/>.</summary>
    public IReadOnlyList<double>? GroupLearningRates { get; init; }

    /// <summary>Steps of warm-up; schedules that need it refuse null.</summary>
    public long? NumWarmupSteps { get; init; }

    /// <summary>Optimizer steps of the whole run; schedules that need it refuse null.</summary>
    public long? NumTrainingSteps { get; init; }

    /// <summary><c>lr_scheduler_kwargs</c>: numbers, booleans, text, lists of numbers, or null.</summary>
    public IReadOnlyDictionary<string, object?> SpecificArguments { get; init; } = new Dictionary<string, object?>();
}
