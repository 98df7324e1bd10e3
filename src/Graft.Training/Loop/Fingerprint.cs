using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Makes the <see cref="RunFingerprint"/> of a run.</summary>
internal static class Fingerprint
{
    public static RunFingerprint Of(PeftModel model, IReadOnlyList<TrainableParameter> trainable, IReadOnlyList<TokenizedSample> samples, TrainingArguments arguments) => new(
        RunFingerprint.Hash(model.Base.Config.Reader.Root.GetRawText()),
        HashOf(samples),
        [.. trainable.Select(t => $"{t.Name} [{string.Join(", ", t.Parameter.Shape)}]")],
        new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            // Only what changes the numbers: how often to log or save is free to change, and so is the number of epochs of a constant schedule.
            ["adam_beta1"] = Text(arguments.AdamBeta1),
            ["adam_beta2"] = Text(arguments.AdamBeta2),
            ["adam_epsilon"] = Text(arguments.AdamEpsilon),
            ["data_seed"] = $"{arguments.DataSeed ?? arguments.Seed}",
            ["gradient_accumulation_steps"] = $"{arguments.GradientAccumulationSteps}",
            ["label_smoothing_factor"] = Text(arguments.LabelSmoothingFactor),
            ["learning_rate"] = Text(arguments.LearningRate),
            ["lr_scheduler_type"] = arguments.LrSchedulerType,
            ["max_grad_norm"] = Text(arguments.MaxGradNorm),
            ["max_tokens_per_batch"] = $"{arguments.MaxTokensPerBatch}",
            ["optim"] = arguments.Optim,
            ["per_device_train_batch_size"] = $"{arguments.PerDeviceTrainBatchSize}",
            ["seed"] = $"{arguments.Seed}",
            ["warmup_steps"] = Text(arguments.WarmupSteps),
            ["weight_decay"] = Text(arguments.WeightDecay),
        });

    private static string Text(double value) => value.ToString("R");

    private static string HashOf(IReadOnlyList<TokenizedSample> samples)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (TokenizedSample sample in samples)
        {
            MemoryMarshal.Write(length, sample.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(sample.InputIds.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(sample.Labels.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(sample.SourceIds.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
