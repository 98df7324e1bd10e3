using Graft.Training;

namespace Graft.Cli.Configuration;

/// <summary>The order of the training samples.</summary>
internal enum SamplingStrategy
{
    /// <summary>Another order in every epoch.</summary>
    Random,

    /// <summary>The order of the rows.</summary>
    Sequential,

    /// <summary>Samples of like length together: of use only where rows are padded.</summary>
    GroupByLength,
}

/// <summary>How the model is trained: the words and defaults of Hugging Face's <c>TrainingArguments</c>.</summary>
internal static class TrainingKeys
{
    private static readonly TrainingArguments Defaults = new();

    public static readonly ConfigKey<int> TrainBatchSize = new(
        ConfigTypes.Integer, "per_device_train_batch_size", Defaults.PerDeviceTrainBatchSize, "samples in a batch: more needs more memory", "batch_size", "train_batch_size", "micro_batch_size");

    public static readonly ConfigKey<int> EvalBatchSize = new(ConfigTypes.Integer, "per_device_eval_batch_size", Defaults.PerDeviceEvalBatchSize, "samples in an evaluation batch", "eval_batch_size");

    public static readonly ConfigKey<int?> MaxTokensPerBatch = new(ConfigTypes.OptionalInteger, "max_tokens_per_batch", Defaults.MaxTokensPerBatch, "most tokens in a batch: even memory and step time");

    public static readonly ConfigKey<int> GradientAccumulationSteps = new(
        ConfigTypes.Integer, "gradient_accumulation_steps", Defaults.GradientAccumulationSteps, "batches in an optimizer step: a larger batch in the memory of a small one");

    public static readonly ConfigKey<double> NumTrainEpochs = new(ConfigTypes.Number, "num_train_epochs", Defaults.NumTrainEpochs, "how often all samples are seen; may be a fraction", "num_epochs", "epochs");

    public static readonly ConfigKey<int> MaxSteps = new(ConfigTypes.Integer, "max_steps", Defaults.MaxSteps, "optimizer steps; above 0 it overrides num_train_epochs");

    public static readonly ConfigKey<double> LearningRate = new(ConfigTypes.Number, "learning_rate", Defaults.LearningRate, "size of a step; LoRA usually wants 1e-4 to 5e-4", "lr");

    public static readonly ConfigKey<string?> LrSchedulerType = new(ConfigTypes.Text, "lr_scheduler_type", Defaults.LrSchedulerType, "course of the learning rate: linear, cosine, constant, constant_with_warmup, ...", "lr_scheduler");

    public static readonly ConfigKey<IReadOnlyDictionary<string, object?>> LrSchedulerKwargs = new(ConfigTypes.Arguments, "lr_scheduler_kwargs", Defaults.LrSchedulerKwargs, "the schedule's own arguments, such as {num_cycles: 2}");

    public static readonly ConfigKey<double> WarmupSteps = new(ConfigTypes.Number, "warmup_steps", Defaults.WarmupSteps, "steps in which the learning rate rises from 0; below 1 a share of all steps");

    public static readonly ConfigKey<double> WarmupRatio = new(ConfigTypes.Number, "warmup_ratio", Defaults.WarmupRatio, "share of all steps in which the learning rate rises from 0; warmup_steps overrides it");

    public static readonly ConfigKey<string?> Optim = new(ConfigTypes.Text, "optim", Defaults.Optim, $"optimizer: {string.Join(", ", OptimizerFactory.Names)}", "optimizer");

    public static readonly ConfigKey<string?> OptimArgs = new(ConfigTypes.Text, "optim_args", Defaults.OptimArgs, "the optimizer's own arguments, such as momentum=0.9,nesterov=true");

    public static readonly ConfigKey<double?> LoraplusLrRatio = new(ConfigTypes.OptionalNumber, "loraplus_lr_ratio", Defaults.LoraplusLrRatio, "LoRA+: how many times as fast B learns as A; 16 is usual");

    public static readonly ConfigKey<double> LoraplusLrEmbedding = new(ConfigTypes.Number, "loraplus_lr_embedding", Defaults.LoraplusLrEmbedding, "LoRA+: learning rate of adapted embeddings");

    public static readonly ConfigKey<double> LoraplusWeightDecay = new(ConfigTypes.Number, "loraplus_weight_decay", Defaults.LoraplusWeightDecay, "LoRA+: weight decay, in place of weight_decay");

    public static readonly ConfigKey<double> WeightDecay = new(ConfigTypes.Number, "weight_decay", Defaults.WeightDecay, "pulls weights towards 0; biases and norms are exempt");

    public static readonly ConfigKey<double> AdamBeta1 = new(ConfigTypes.Number, "adam_beta1", Defaults.AdamBeta1, "memory of Adam's mean gradient");

    public static readonly ConfigKey<double> AdamBeta2 = new(ConfigTypes.Number, "adam_beta2", Defaults.AdamBeta2, "memory of Adam's mean squared gradient");

    public static readonly ConfigKey<double> AdamEpsilon = new(ConfigTypes.Number, "adam_epsilon", Defaults.AdamEpsilon, "keeps Adam's steps finite");

    public static readonly ConfigKey<double> MaxGradNorm = new(ConfigTypes.Number, "max_grad_norm", Defaults.MaxGradNorm, "gradients are scaled down to this norm; 0: never");

    public static readonly ConfigKey<double> LabelSmoothingFactor = new(ConfigTypes.Number, "label_smoothing_factor", Defaults.LabelSmoothingFactor, "share of the target probability spread over all tokens");

    public static readonly ConfigKey<bool> GradientCheckpointing = new(ConfigTypes.Switch, "gradient_checkpointing", Defaults.GradientCheckpointing, "recompute instead of remembering: much less memory, about half as much time again; default: false, but true on a base in 8 or 4 bits (as PEFT)", "use_gradient_checkpointing");

    public static readonly ConfigKey<long?> Memory = new(
        ConfigTypes.OptionalSize, "memory", null, "private memory that the run may take, such as 2GiB: batches are divided and blocks recomputed as far as it needs");

    public static readonly ConfigKey<long> LogitsMemory = new(ConfigTypes.Size, "logits_memory", Defaults.LogitsBytes, "most memory of logits at a time: less is slower");

    public static readonly ConfigKey<bool?> Bf16 = new(
        ConfigTypes.SwitchOrAuto, "bf16", null, "products on operands rounded to bf16, half the memory for activations; default: auto, where the CPU is faster so");

    public static readonly ConfigKey<bool> Fp16 = new(ConfigTypes.Switch, "fp16", false, "taken as bf16, whose range is safer");

    public static readonly ConfigKey<bool> DataloaderDropLast = new(ConfigTypes.Switch, "dataloader_drop_last", Defaults.DataloaderDropLast, "leave out a last batch that is not full");

    public static readonly ConfigKey<SamplingStrategy> Sampling = new(
        ConfigTypes.Word(("random", SamplingStrategy.Random), ("sequential", SamplingStrategy.Sequential), ("group_by_length", SamplingStrategy.GroupByLength)), "train_sampling_strategy", SamplingStrategy.Random, "order of the samples");

    public static readonly ConfigKey<ulong> Seed = new(ConfigTypes.Seed, "seed", Defaults.Seed, "seed of everything random: the same seed gives the same numbers");

    public static readonly ConfigKey<ulong?> DataSeed = new(ConfigTypes.OptionalSeed, "data_seed", Defaults.DataSeed, "seed of the order of the samples; default: seed");

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        TrainBatchSize, EvalBatchSize, MaxTokensPerBatch, GradientAccumulationSteps, NumTrainEpochs, MaxSteps, LearningRate, LrSchedulerType, LrSchedulerKwargs, WarmupSteps, WarmupRatio, Optim, OptimArgs,
        LoraplusLrRatio, LoraplusLrEmbedding, LoraplusWeightDecay,
        WeightDecay, AdamBeta1, AdamBeta2, AdamEpsilon, MaxGradNorm, LabelSmoothingFactor, GradientCheckpointing, Memory, LogitsMemory, Bf16, Fp16, DataloaderDropLast, Sampling, Seed, DataSeed,
    ];
}
