using Graft.Training.Schedules;

namespace Graft.Training.Tests.Schedules;

public class MetricScheduleTests
{
    private static MetricSchedule Create(string name, params (string Key, object? Value)[] arguments)
        => (MetricSchedule)LearningRateSchedule.Create(name, new SchedulerArguments
        {
            LearningRate = 1,
            SpecificArguments = arguments.ToDictionary(argument => argument.Key, argument => argument.Value),
        });

    private static double[] Follow(MetricSchedule schedule, params double[] metrics)
    {
        double[] rates = new double[metrics.Length];
        for (int i = 0; i < metrics.Length; i++)
        {
            schedule.Observe(metrics[i]);
            rates[i] = Math.Round(schedule.RateAt(0), 12);
        }

        return rates;
    }

    [Fact]
    public void Plateau_reduces_when_patience_is_exceeded()
        => Assert.Equal([1, 1, 0.1, 0.1], Follow(Create("reduce_lr_on_plateau", ("patience", 1)), 5, 5, 5, 5));

    [Fact]
    public void Plateau_counts_nothing_bad_while_cooling_down()
        => Assert.Equal([1, 0.1, 0.1, 0.1, 0.01], Follow(Create("reduce_lr_on_plateau", ("patience", 0), ("cooldown", 2)), 5, 5, 5, 5, 5));

    [Fact]
    public void Plateau_stops_at_the_floor()
        => Assert.Equal([1, 0.4, 0.4], Follow(Create("reduce_lr_on_plateau", ("patience", 0), ("min_lr", 0.4)), 5, 5, 5));

    [Fact]
    public void A_larger_metric_can_be_the_better_one()
        => Assert.Equal([1, 1, 0.1], Follow(Create("reduce_lr_on_plateau", ("patience", 0), ("mode", "max")), 1, 2, 2));

    [Fact]
    public void Greedy_speeds_up_while_it_gets_better()
        => Assert.Equal([1, 2, 2, 4], Follow(Create("greedy", ("patience", 1), ("factor", 0.5), ("max_lr", 100)), 5, 4, 3, 2));

    [Fact]
    public void Greedy_starts_over_at_the_floor()
        => Assert.Equal([2, 1, 0.5, 1], Follow(Create("greedy", ("patience", 0), ("factor", 0.5), ("max_lr", 2), ("min_lr", 0.5), ("reset_start", 2)), 5, 5, 5, 5));

    [Theory]
    [InlineData("reduce_lr_on_plateau")]
    [InlineData("greedy")]
    public void Restored_schedules_go_on_alike(string name)
    {
        (string, object?)[] arguments = name == "greedy"
            ? [("patience", 1), ("smooth", true), ("window_size", 3), ("factor", 0.5), ("min_lr", 1e-6)]
            : [("patience", 1), ("cooldown", 2)];
        double[] metrics = [5, 4, 4.5, 4.5, 3, 3.5, 3.6, 3.7, 3.8, 3.9, 4, 2, 1, 0.5];
        double[] expected = Follow(Create(name, arguments), metrics);
        MetricSchedule before = Create(name, arguments);
        double[] first = Follow(before, metrics[..6]);
        MetricSchedule after = Create(name, arguments);
        after.Restore(before.Save());
        double[] second = Follow(after, metrics[6..]);
        Assert.True(expected.Distinct().Count() > 2);
        Assert.Equal(expected, first.Concat(second));
    }

    [Fact]
    public void A_state_that_does_not_fit_is_refused()
        => Assert.Throws<InvalidDataException>(() => Create("reduce_lr_on_plateau").Restore([1, 2]));

    [Fact]
    public void Floors_must_match_the_groups()
        => Assert.Throws<ArgumentException>(() => Create("reduce_lr_on_plateau", ("min_lr", new[] { 0.1, 0.2 })));
}
