using Graft.Cli.Configuration;
using Graft.Cli.Rendering;

namespace Graft.Cli.Planning;

/// <summary>Makes a run fit into an amount of private memory: smaller micro-batches, fewer logits at a time, recomputed blocks, whichever costs the least time.</summary>
/// <remarks>The rows of an optimizer step stay the same: a batch that is divided is accumulated as often more.</remarks>
internal static class MemoryFit
{
    // Below so many tokens a batch reads every weight for too little work; recomputing blocks is then the cheaper way.
    private const int FewTokens = 512;

    private static readonly long[] LogitsBytes = [32L << 20, 8L << 20, 2L << 20];

    /// <summary>The run as it is where it fits or where no limit is given, otherwise one that fits.</summary>
    /// <param name="run">The run; its configuration is changed.</param>
    /// <param name="note">What has been changed, for the user; null when nothing has.</param>
    /// <exception cref="ArgumentException">Nothing fits; the message says what would.</exception>
    public static PreparedRun Apply(PreparedRun run, out string? note)
    {
        note = null;
        RunConfiguration configuration = run.Configuration;
        if (configuration.Get(TrainingKeys.Memory) is not { } limit)
        {
            return run;
        }

        // What is chosen is saved with the run, not what it was chosen for: it resumes as it began.
        configuration.Set(TrainingKeys.Memory, null);
        (int batch, int accumulation) = (configuration.Get(TrainingKeys.TrainBatchSize), configuration.Get(TrainingKeys.GradientAccumulationSteps));
        MemoryEstimate? first = null;
        MemoryEstimate? least = null;
        (bool Checkpointing, int Divisor)[] choices = [.. Choices(configuration, batch)];
        foreach ((bool checkpointing, int divisor) in choices)
        {
            configuration.Set(TrainingKeys.GradientCheckpointing, checkpointing);
            configuration.Set(TrainingKeys.TrainBatchSize, batch / divisor);
            configuration.Set(TrainingKeys.GradientAccumulationSteps, accumulation * divisor);
            PreparedRun candidate = run.Again();
            RunEstimate estimate = RunEstimate.ForMemory(candidate);
            first ??= estimate.Memory;
            if (!checkpointing && divisor > 1 && estimate.LargestBatchSize.Tokens < FewTokens && choices[^1].Checkpointing)
            {
                continue;
            }

            foreach (long logits in LogitsBytes.Where(bytes => bytes < configuration.Get(TrainingKeys.LogitsMemory)).Prepend(configuration.Get(TrainingKeys.LogitsMemory)))
            {
                MemoryEstimate memory = estimate.WithLogits(logits);
                least = least is null || memory.Private < least.Private ? memory : least;
                if (memory.Private <= limit)
                {
                    configuration.Set(TrainingKeys.LogitsMemory, logits);
                    note = ReferenceEquals(first, estimate.Memory) && logits == candidate.Arguments.LogitsBytes ? null : Describe(limit, run, candidate, logits, first, memory);
                    return run.Again();
                }
            }
        }

        throw new ArgumentException(
            $"memory: {Units.Bytes(limit)} is too little; the least that this run takes is {Units.Bytes(least!.Private)} of private memory: {Units.Bytes(least.Process)} the program and data, "
            + $"{Units.Bytes(least.Trained)} what is trained, {Units.Bytes(least.Optimizer)} the optimizer, {Units.Bytes(least.Activations)} activations of one row at a time. "
            + "Lower max_length, train less (lora_r, target_modules), or set bf16: true or an 8-bit optimizer");
    }

    /// <summary>What to try, the fastest first: divided batches, then recomputed blocks. A switch that the user has set stays.</summary>
    private static IEnumerable<(bool Checkpointing, int Divisor)> Choices(RunConfiguration configuration, int batch)
    {
        bool isChosen = configuration.IsGiven(TrainingKeys.GradientCheckpointing);
        bool asked = configuration.Get(TrainingKeys.GradientCheckpointing);
        bool[] switches = isChosen ? [asked] : [false, true];

        // A token limit cuts batches on its own.
        int[] divisors = configuration.Get(TrainingKeys.MaxTokensPerBatch) is null ? [.. Enumerable.Range(1, batch).Where(divisor => batch % divisor == 0)] : [1];
        return switches.SelectMany(checkpointing => divisors.Select(divisor => (checkpointing, divisor)));
    }

    private static string Describe(long limit, PreparedRun before, PreparedRun after, long logits, MemoryEstimate first, MemoryEstimate fits)
    {
        var changes = new List<string>();
        if (after.Arguments.PerDeviceTrainBatchSize != before.Arguments.PerDeviceTrainBatchSize)
        {
            changes.Add($"{after.Arguments.PerDeviceTrainBatchSize} rows x {after.Arguments.GradientAccumulationSteps} instead of {before.Arguments.PerDeviceTrainBatchSize} x {before.Arguments.GradientAccumulationSteps}");
        }

        if (after.Arguments.GradientCheckpointing && !before.Arguments.GradientCheckpointing)
        {
            changes.Add("gradient_checkpointing");
        }

        if (logits != before.Arguments.LogitsBytes)
        {
            changes.Add($"{Units.Bytes(logits)} of logits at a time");
        }

        return $"memory {Units.Bytes(limit)}: {string.Join(", ", changes)}; about {Units.Bytes(fits.Private)} private at the peak instead of {Units.Bytes(first.Private)}";
    }
}
