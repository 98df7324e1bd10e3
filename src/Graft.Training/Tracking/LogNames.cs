namespace Graft.Training.Tracking;

/// <summary>How the Trainer's callbacks name the numbers of a log row.</summary>
internal static class LogNames
{
    private static readonly string[] SingleValues = ["train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss", "total_flos"];

    /// <summary>The row without the step, which trackers keep apart.</summary>
    public static IEnumerable<KeyValuePair<string, double>> WithoutStep(LogRow row) => row.Values.Where(number => number.Key != "step");

    /// <summary><c>eval_x</c> is <c>eval/x</c>, <c>test_x</c> is <c>test/x</c>, all else is <c>train/x</c>.</summary>
    public static string Grouped(string name)
        => name.StartsWith("eval_", StringComparison.Ordinal) ? $"eval/{name[5..]}"
            : name.StartsWith("test_", StringComparison.Ordinal) ? $"test/{name[5..]}"
            : $"train/{name}";

    /// <summary>Whether a number says something of the whole run, so that W&amp;B keeps it in the summary and not in the history.</summary>
    public static bool IsSingleValue(string name) => SingleValues.Contains(name);
}
