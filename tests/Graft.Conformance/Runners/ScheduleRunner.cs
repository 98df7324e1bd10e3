using System.Text.Json;
using Graft.Training.Schedules;

namespace Graft.Conformance.Runners;

/// <summary><c>schedule</c>: learning rates step by step, or metric by metric.</summary>
public sealed class ScheduleRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "schedule";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        JsonElement root = @case.Root;
        string name = root.GetProperty("scheduler").GetString()!;
        var arguments = new SchedulerArguments
        {
            LearningRate = root.GetProperty("learning_rate").GetDouble(),
            GroupLearningRates = @case.Has("learning_rates") ? Numbers(root.GetProperty("learning_rates")) : null,
            NumWarmupSteps = @case.Has("num_warmup_steps") ? root.GetProperty("num_warmup_steps").GetInt64() : null,
            NumTrainingSteps = @case.Has("num_training_steps") ? root.GetProperty("num_training_steps").GetInt64() : null,
            SpecificArguments = root.GetProperty("arguments").EnumerateObject().ToDictionary(item => item.Name, item => ValueOf(item.Value)),
        };
        if (@case.Has("refuse"))
        {
            Check.Refuses(name, [], () => LearningRateSchedule.Create(name, arguments));
            return;
        }

        LearningRateSchedule schedule = LearningRateSchedule.Create(name, arguments);
        JsonElement[] values = [.. root.GetProperty("values").EnumerateArray()];
        double[] metrics = @case.Has("metrics") ? Numbers(root.GetProperty("metrics")) : [];
        for (int step = 0; step < values.Length; step++)
        {
            double[] expected = values[step].ValueKind == JsonValueKind.Array ? Numbers(values[step]) : [values[step].GetDouble()];
            for (int group = 0; group < expected.Length; group++)
            {
                check.Close($"rate at {step}, group {group}", expected[group], schedule.RateAt(step, group));
            }

            if (step < metrics.Length)
            {
                ((MetricSchedule)schedule).Observe(metrics[step]);
            }
        }
    }

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetDouble())];

    private static object? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => Numbers(value),
        _ => value.GetDouble(),
    };
}
