using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Makes the <see cref="RunFingerprint"/> of a run.</summary>
internal static class Fingerprint
{
    private static readonly string[] EndlessSchedules = ["constant", "constant_with_warmup", "inverse_sqrt", "reduce_lr_on_plateau", "greedy"];

    public static RunFingerprint Of(PeftModel model, IReadOnlyList<TrainableParameter> trainable, IReadOnlyList<TokenizedSample> samples, IBatchPlan batches, TrainingArguments arguments, int maxSteps) => new(
        RunFingerprint.Hash(model.Base.Config.Reader.Root.GetRawText()),
        HashOf(samples),
        [.. trainable.Select(t => $"{t.Name} [{string.Join(", ", t.Parameter.Shape)}]")],
        ArgumentsOf(arguments, maxSteps))
    {
        Weights = HashOf(model, trainable),
        Batches = HashOf(batches),
    };

    /// <summary>Only what changes the numbers: how often to log, evaluate or save is free to change, and where the rate does not depend on it so is the end.</summary>
    private static SortedDictionary<string, string> ArgumentsOf(TrainingArguments arguments, int maxSteps)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["adam_beta1"] = Text(arguments.AdamBeta1),
            ["adam_beta2"] = Text(arguments.AdamBeta2),
            ["adam_epsilon"] = Text(arguments.AdamEpsilon),
            ["bf16"] = Text(arguments.Bf16),
            ["data_seed"] = $"{arguments.DataSeed ?? arguments.Seed}",
            ["dataloader_drop_last"] = Text(arguments.DataloaderDropLast),
            ["gradient_accumulation_steps"] = $"{arguments.GradientAccumulationSteps}",
            ["label_smoothing_factor"] = Text(arguments.LabelSmoothingFactor),
            ["learning_rate"] = Text(arguments.LearningRate),
            ["logits_memory"] = $"{arguments.LogitsBytes}",
            ["loraplus"] = arguments.LoraplusLrRatio is { } ratio ? $"{Text(ratio)}, {Text(arguments.LoraplusLrEmbedding)}, {Text(arguments.LoraplusWeightDecay)}" : "none",
            ["lr_scheduler_kwargs"] = string.Join(", ", arguments.LrSchedulerKwargs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={Text(pair.Value)}")),
            ["lr_scheduler_type"] = arguments.LrSchedulerType,
            ["max_grad_norm"] = Text(arguments.MaxGradNorm),
            ["max_tokens_per_batch"] = arguments.MaxTokensPerBatch is { } limit ? $"{limit}" : "none",
            ["optim"] = arguments.Optim,
            ["optim_args"] = arguments.OptimArgs ?? string.Empty,
            ["per_device_train_batch_size"] = $"{arguments.PerDeviceTrainBatchSize}",
            ["seed"] = $"{arguments.Seed}",
            ["shuffle"] = Text(arguments.Shuffle),
            ["warmup"] = arguments.WarmupSteps > 0 ? $"{Text(arguments.WarmupSteps)} steps" : $"ratio {Text(arguments.WarmupRatio)}",
            ["weight_decay"] = Text(arguments.WeightDecay),
        };
        if (!EndlessSchedules.Contains(arguments.LrSchedulerType))
        {
            values["max_steps"] = $"{maxSteps}";
        }

        return values;
    }

    private static string Text(object? value) => value switch
    {
        double number => number.ToString("R"),
        bool flag => flag ? "true" : "false",
        string text => text,
        System.Collections.IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => $"{value}",
    };

    /// <summary>Names, shapes and a few values of each frozen weight: another model of the same shape shows, and a large one need not be read.</summary>
    private static unsafe string HashOf(PeftModel model, IReadOnlyList<TrainableParameter> trainable)
    {
        const int Sample = 64;
        float* values = stackalloc float[Sample];
        var trained = trainable.Select(parameter => parameter.Parameter).ToHashSet();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, WeightSlot slot) in model.Base.DistinctWeights().Where(weight => !trained.Contains(weight.Slot.Original)))
        {
            Parameter weight = slot.Original;
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {weight.DType} [{string.Join(", ", weight.Shape)}]"));
            int count = (int)Math.Min(Sample, weight.Count);
            foreach (long start in (ReadOnlySpan<long>)[0, (weight.Count - count) / 2, weight.Count - count])
            {
                WeightDecoder.Decode(weight.View, start, count, values);
                hash.AppendData(new ReadOnlySpan<byte>(values, count * sizeof(float)));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Which samples make up the micro-batches of the first epoch.</summary>
    private static string HashOf(IBatchPlan batches)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        for (int position = 0; position < batches.BatchesIn(0); position++)
        {
            ReadOnlySpan<int> batch = batches.Batch(0, position);
            MemoryMarshal.Write(length, batch.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(batch));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

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
