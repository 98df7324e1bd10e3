using System.Text.Json;
using Graft.Training;

namespace Graft.Conformance;

/// <summary>Reads the TrainingArguments of a <c>training</c> case.</summary>
internal static class TrainingCaseArguments
{
    public static TrainingArguments Read(ConformanceCase @case, string outputDir)
    {
        JsonElement config = @case.Root.GetProperty("config");
        JsonElement? stopping = @case.Has("early_stopping") ? @case.Root.GetProperty("early_stopping") : null;
        return new TrainingArguments
        {
            OutputDir = outputDir,
            PerDeviceTrainBatchSize = config.GetProperty("per_device_train_batch_size").GetInt32(),
            PerDeviceEvalBatchSize = config.GetProperty("per_device_eval_batch_size").GetInt32(),
            GradientAccumulationSteps = config.GetProperty("gradient_accumulation_steps").GetInt32(),
            NumTrainEpochs = config.GetProperty("num_train_epochs").GetDouble(),
            MaxSteps = config.GetProperty("max_steps").GetInt32(),
            LearningRate = config.GetProperty("learning_rate").GetDouble(),
            LrSchedulerType = config.GetProperty("lr_scheduler_type").GetString()!,
            LrSchedulerKwargs = Keywords(config.GetProperty("lr_scheduler_kwargs")),
            WarmupSteps = config.GetProperty("warmup_steps").GetDouble(),
            Optim = config.GetProperty("optim").GetString()!,
            OptimArgs = config.TryGetProperty("optim_args", out JsonElement own) ? own.GetString() : null,
            LoraplusLrRatio = LoraPlus(@case, "loraplus_lr_ratio", null),
            LoraplusLrEmbedding = LoraPlus(@case, "loraplus_lr_embedding", 1e-6)!.Value,
            LoraplusWeightDecay = LoraPlus(@case, "loraplus_weight_decay", 0)!.Value,
            IncludeNumInputTokensSeen = config.GetProperty("include_num_input_tokens_seen").ToString() switch
            {
                "all" or "True" => InputTokenCount.All,
                "non_padding" => InputTokenCount.NonPadding,
                _ => InputTokenCount.No,
            },
            WeightDecay = config.GetProperty("weight_decay").GetDouble(),
            AdamBeta1 = config.GetProperty("adam_beta1").GetDouble(),
            AdamBeta2 = config.GetProperty("adam_beta2").GetDouble(),
            AdamEpsilon = config.GetProperty("adam_epsilon").GetDouble(),
            MaxGradNorm = config.GetProperty("max_grad_norm").GetDouble(),
            LabelSmoothingFactor = config.GetProperty("label_smoothing_factor").GetDouble(),
            GradientCheckpointing = config.GetProperty("gradient_checkpointing").GetBoolean(),
            LoggingStrategy = Strategy(config, "logging_strategy"),
            LoggingSteps = config.GetProperty("logging_steps").GetDouble(),
            LoggingFirstStep = config.GetProperty("logging_first_step").GetBoolean(),
            EvalStrategy = Strategy(config, "eval_strategy"),
            EvalSteps = config.GetProperty("eval_steps") is { ValueKind: JsonValueKind.Number } steps ? steps.GetDouble() : null,
            EvalDelay = config.GetProperty("eval_delay").GetDouble(),
            EvalOnStart = config.GetProperty("eval_on_start").GetBoolean(),
            SaveStrategy = Strategy(config, "save_strategy"),
            SaveSteps = config.GetProperty("save_steps").GetDouble(),
            SaveTotalLimit = config.GetProperty("save_total_limit") is { ValueKind: JsonValueKind.Number } limit ? limit.GetInt32() : null,
            LoadBestModelAtEnd = config.GetProperty("load_best_model_at_end").GetBoolean(),
            MetricForBestModel = config.GetProperty("metric_for_best_model").GetString(),
            GreaterIsBetter = config.GetProperty("greater_is_better") is { ValueKind: JsonValueKind.True or JsonValueKind.False } greater ? greater.GetBoolean() : null,
            DataloaderDropLast = config.GetProperty("dataloader_drop_last").GetBoolean(),
            EarlyStoppingPatience = stopping is { } s ? s.GetProperty("early_stopping_patience").GetInt32() : null,
            EarlyStoppingThreshold = stopping is { } t && t.TryGetProperty("early_stopping_threshold", out JsonElement threshold) ? threshold.GetDouble() : 0,
        };
    }

    private static double? LoraPlus(ConformanceCase @case, string name, double? otherwise)
        => @case.Has("loraplus") && @case.Root.GetProperty("loraplus").TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;

    private static IntervalStrategy Strategy(JsonElement config, string name) => config.GetProperty(name).GetString() switch
    {
        "steps" => IntervalStrategy.Steps,
        "epoch" => IntervalStrategy.Epoch,
        "best" => IntervalStrategy.Best,
        _ => IntervalStrategy.No,
    };

    private static Dictionary<string, object?> Keywords(JsonElement element)
        => element.ValueKind != JsonValueKind.Object ? [] : element.EnumerateObject().ToDictionary(p => p.Name, p => Value(p.Value), StringComparer.Ordinal);

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => element.GetString(),
        _ => null,
    };
}
