using Graft.Training.Schedules;

namespace Graft.Training.Tests.Schedules;

public class StepScheduleTests
{
    private static LearningRateSchedule Create(string name, long? warmup, long? steps, params (string Key, object? Value)[] arguments)
        => LearningRateSchedule.Create(name, new SchedulerArguments
        {
            LearningRate = 2,
            GroupLearningRates = [2, 8],
            NumWarmupSteps = warmup,
            NumTrainingSteps = steps,
            SpecificArguments = arguments.ToDictionary(argument => argument.Key, argument => argument.Value),
        });

    [Theory]
    [InlineData("linear", 0, 0)]
    [InlineData("linear", 2, 2)]
    [InlineData("linear", 7, 1)]
    [InlineData("linear", 12, 0)]
    [InlineData("linear", 100, 0)]
    [InlineData("constant_with_warmup", 1, 1)]
    [InlineData("constant_with_warmup", 50, 2)]
    [InlineData("constant", 0, 2)]
    [InlineData("cosine", 7, 1)]
    [InlineData("cosine", 12, 0)]
    [InlineData("cosine_with_restarts", 7, 1)]
    [InlineData("cosine_with_restarts", 12, 0)]
    [InlineData("cosine_with_restarts", 17, 0)]
    public void Values_at_the_corners(string name, long step, double expected)
        => Assert.Equal(expected, Create(name, 2, 12).RateAt(step), 1e-12);

    [Fact]
    public void Cosine_rises_again_past_the_end() => Assert.Equal(1, Create("cosine", 2, 12).RateAt(17), 1e-12);

    [Fact]
    public void Every_group_keeps_its_proportion() => Assert.Equal(4, Create("linear", 2, 12).RateAt(7, group: 1), 1e-12);

    [Fact]
    public void The_end_of_polynomial_is_relative_to_the_default_rate()
    {
        LearningRateSchedule schedule = Create("polynomial", 0, 10, ("lr_end", 1.0));
        Assert.Equal(1, schedule.RateAt(10), 1e-12);
        Assert.Equal(4, schedule.RateAt(10, group: 1), 1e-12);
    }

    [Fact]
    public void Polynomial_without_steps_after_the_warmup_is_at_its_end()
        => Assert.Equal(0.5, Create("polynomial", 10, 10, ("lr_end", 0.5)).RateAt(10), 1e-12);

    [Fact]
    public void Warmup_stable_decay_has_its_three_parts()
    {
        LearningRateSchedule schedule = Create("warmup_stable_decay", 2, 10, ("num_decay_steps", 4), ("decay_type", "linear"), ("min_lr_ratio", 0.5));
        Assert.Equal([1, 1.5, 2, 2, 2, 2, 2, 1.75, 1.5, 1.25, 1, 1], Enumerable.Range(0, 12).Select(step => Math.Round(schedule.RateAt(step), 12)));
    }

    [Fact]
    public void Inverse_sqrt_needs_no_training_steps() => Assert.Equal(1, Create("inverse_sqrt", 4, null).RateAt(16), 1e-12);

    [Theory]
    [InlineData("linear", null, 10L, "num_warmup_steps")]
    [InlineData("cosine", 0L, null, "num_training_steps")]
    [InlineData("reduce_on_plateau", 0L, 10L, "reduce_lr_on_plateau")]
    [InlineData("warmup_stable_decay", 0L, 10L, "num_decay_steps")]
    [InlineData("cosine_with_min_lr", 0L, 10L, "min_lr")]
    public void What_is_missing_is_named(string name, long? warmup, long? steps, string expected)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Create(name, warmup, steps));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_arguments_are_named()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Create("linear", 0, 10, ("num_cycles", 2)));
        Assert.Contains("num_cycles", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_of_the_wrong_type_are_named()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Create("cosine", 0, 10, ("num_cycles", "two")));
        Assert.Contains("num_cycles", error.Message, StringComparison.Ordinal);
    }
}
