namespace Graft.Training;

/// <summary>When something happens: Hugging Face's <c>IntervalStrategy</c>.</summary>
public enum IntervalStrategy
{
    /// <summary>Never.</summary>
    No,

    /// <summary>Every so many optimizer steps.</summary>
    Steps,

    /// <summary>At the end of every epoch.</summary>
    Epoch,

    /// <summary>Whenever the metric is the best so far (saving only).</summary>
    Best,
}

/// <summary>What counts as a token seen: Hugging Face's <c>include_num_input_tokens_seen</c>.</summary>
public enum InputTokenCount
{
    /// <summary>Nothing is counted.</summary>
    No,

    /// <summary>Rows times the longest row of a micro-batch, as where rows are padded. Graft pads nothing; the number is for comparison.</summary>
    All,

    /// <summary>The tokens that there are.</summary>
    NonPadding,
}

/// <summary>How a run trains. Names, meanings and defaults are those of Hugging Face's <c>TrainingArguments</c>; where a default differs, it says so.</summary>
public sealed record TrainingArguments
{
    /// <summary>Where checkpoints and results go.</summary>
    public string OutputDir { get; init; } = "trainer_output";

    /// <summary>Samples in a micro-batch.</summary>
    public int PerDeviceTrainBatchSize { get; init; } = 8;

    /// <summary>Samples in an evaluation batch.</summary>
    public int PerDeviceEvalBatchSize { get; init; } = 8;

    /// <summary>Most tokens in a micro-batch; null for no limit. Graft's own.</summary>
    public int? MaxTokensPerBatch { get; init; }

    /// <summary>Micro-batches in an optimizer step.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Epochs; may be a fraction.</summary>
    public double NumTrainEpochs { get; init; } = 3;

    /// <summary>Optimizer steps; above 0 it overrides <see cref="NumTrainEpochs"/>.</summary>
    public int MaxSteps { get; init; } = -1;

    /// <summary>Learning rate.</summary>
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>Name of the schedule.</summary>
    public string LrSchedulerType { get; init; } = "linear";

    /// <summary>The schedule's own arguments.</summary>
    public IReadOnlyDictionary<string, object?> LrSchedulerKwargs { get; init; } = new Dictionary<string, object?>();

    /// <summary>Steps of warm-up; below 1 it is a share of all steps.</summary>
    public double WarmupSteps { get; init; }

    /// <summary>Warm-up as a share of all steps; <see cref="WarmupSteps"/> goes before it. Transformers 5 has dropped this name, older configurations have it.</summary>
    public double WarmupRatio { get; init; }

    /// <summary>Name of the optimizer, one of <see cref="OptimizerFactory.Names"/>.</summary>
    public string Optim { get; init; } = "adamw_torch";

    /// <summary>The optimizer's own arguments, <c>name=value</c> with commas between: <c>momentum=0.9,nesterov=true</c>.</summary>
    public string? OptimArgs { get; init; }

    /// <summary>LoRA+: how many times as fast B learns as A; null for one rate. 16 is a usual value. PEFT: <c>create_loraplus_optimizer</c>.</summary>
    public double? LoraplusLrRatio { get; init; }

    /// <summary>LoRA+: rate of the factors of embeddings.</summary>
    public double LoraplusLrEmbedding { get; init; } = 1e-6;

    /// <summary>LoRA+: weight decay, in place of <see cref="WeightDecay"/>.</summary>
    public double LoraplusWeightDecay { get; init; }

    /// <summary>Weight decay; biases and norms are exempt.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of Adam's first moment.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Decay of Adam's second moment.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>Added to Adam's denominator.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Largest norm of all gradients together; 0 turns clipping off.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Share of the target probability spread over the vocabulary.</summary>
    public double LabelSmoothingFactor { get; init; }

    /// <summary>Keep only block boundaries and recompute the rest: less memory, about half as much time again.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Products of linear layers and attention on operands rounded to bf16, activations kept as bf16; the rest, sums included, stays fp32 (<see cref="Tensors.ComputePrecision"/>).</summary>
    public bool Bf16 { get; init; }

    /// <summary>Most bytes of logits held at a time. Graft's own; where the head is trained it changes the order of sums, and so the last bits.</summary>
    public long LogitsBytes { get; init; } = Tensors.Tape.DefaultLogitsBytes;

    /// <summary>When to log.</summary>
    public IntervalStrategy LoggingStrategy { get; init; } = IntervalStrategy.Steps;

    /// <summary>Steps between log rows; below 1 it is a share of all steps. Hugging Face: 500, which leaves short runs silent; TRL: 10, as here.</summary>
    public double LoggingSteps { get; init; } = 10;

    /// <summary>Whether the first step is logged too. Hugging Face: no.</summary>
    public bool LoggingFirstStep { get; init; } = true;

    /// <summary>When to evaluate.</summary>
    public IntervalStrategy EvalStrategy { get; init; }

    /// <summary>Steps between evaluations; null: as <see cref="LoggingSteps"/>; below 1 it is a share of all steps.</summary>
    public double? EvalSteps { get; init; }

    /// <summary>Steps (or epochs) before the first evaluation.</summary>
    public double EvalDelay { get; init; }

    /// <summary>Evaluate before the first step.</summary>
    public bool EvalOnStart { get; init; }

    /// <summary>When to save.</summary>
    public IntervalStrategy SaveStrategy { get; init; } = IntervalStrategy.Steps;

    /// <summary>Steps between checkpoints; below 1 it is a share of all steps.</summary>
    public double SaveSteps { get; init; } = 500;

    /// <summary>How many checkpoints stay; the newest and the best always do.</summary>
    public int? SaveTotalLimit { get; init; }

    /// <summary>End with the best checkpoint's weights.</summary>
    public bool LoadBestModelAtEnd { get; init; }

    /// <summary>The metric that decides what is best, with or without <c>eval_</c>; null: the loss, where a metric is needed.</summary>
    public string? MetricForBestModel { get; init; }

    /// <summary>Whether more is better; null: unless the metric's name ends with <c>loss</c>.</summary>
    public bool? GreaterIsBetter { get; init; }

    /// <summary>Evaluations without improvement after which training stops; null: never. Hugging Face: an <c>EarlyStoppingCallback</c>.</summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>Smallest change that counts as an improvement.</summary>
    public double EarlyStoppingThreshold { get; init; }

    /// <summary>Leave out a last micro-batch that is not full.</summary>
    public bool DataloaderDropLast { get; init; }

    /// <summary>Whether every epoch has an order of its own (<c>train_sampling_strategy: random</c>).</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether every log row says how many tokens have been seen.</summary>
    public InputTokenCount IncludeNumInputTokensSeen { get; init; }

    /// <summary>Delete the checkpoints of an earlier run in <see cref="OutputDir"/>; otherwise a new run refuses to mix with them.</summary>
    public bool OverwriteOutputDir { get; init; }

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Seed of the order of the rows; null: <see cref="Seed"/>.</summary>
    public ulong? DataSeed { get; init; }

    /// <summary>A checkpoint folder to go on from, or <c>true</c> for the newest one in <see cref="OutputDir"/>.</summary>
    public string? ResumeFromCheckpoint { get; init; }

    /// <summary>The metric that is followed, with <c>eval_</c> before it; null when none is.</summary>
    public string? EffectiveMetric
    {
        get
        {
            string? metric = MetricForBestModel ?? (LoadBestModelAtEnd || EarlyStoppingPatience is not null || LrSchedulerType is "reduce_lr_on_plateau" or "greedy" ? "loss" : null);
            return metric is null || metric.StartsWith("eval_", StringComparison.Ordinal) ? metric : $"eval_{metric}";
        }
    }

    /// <summary>Whether a larger metric is better.</summary>
    public bool EffectiveGreaterIsBetter => GreaterIsBetter ?? !(EffectiveMetric ?? "loss").EndsWith("loss", StringComparison.Ordinal);

    /// <summary>Checks what can be checked without data.</summary>
    /// <exception cref="ArgumentException">A value out of range, or two that contradict each other.</exception>
    public void Validate()
    {
        Positive(PerDeviceTrainBatchSize, "per_device_train_batch_size");
        Positive(PerDeviceEvalBatchSize, "per_device_eval_batch_size");
        Positive(GradientAccumulationSteps, "gradient_accumulation_steps");
        Require(LogitsBytes > 0, $"logits_memory must be above 0, but is {LogitsBytes}");
        NotNegative(LearningRate, "learning_rate");
        NotNegative(WarmupSteps, "warmup_steps");
        Require(WarmupRatio is >= 0 and <= 1, $"warmup_ratio must be from 0 to 1, but is {WarmupRatio}");
        NotNegative(LoraplusLrRatio ?? 0, "loraplus_lr_ratio");
        NotNegative(LoraplusLrEmbedding, "loraplus_lr_embedding");
        NotNegative(LoraplusWeightDecay, "loraplus_weight_decay");
        NotNegative(WeightDecay, "weight_decay");
        NotNegative(MaxGradNorm, "max_grad_norm");
        Require(MaxSteps > 0 || NumTrainEpochs > 0, "num_train_epochs must be above 0, or max_steps must be");
        Require(LabelSmoothingFactor is >= 0 and < 1, "label_smoothing_factor must be at least 0 and below 1");
        Require(EffectiveMetric is null or "eval_loss", $"metric_for_best_model '{MetricForBestModel}' is not measured; there is eval_loss");
        Require(LoggingStrategy != IntervalStrategy.Best && EvalStrategy != IntervalStrategy.Best, "only save_strategy can be 'best'");
        Require(LoggingStrategy != IntervalStrategy.Steps || LoggingSteps > 0, "logging_steps must be above 0");
        Require(SaveStrategy != IntervalStrategy.Steps || SaveSteps > 0, "save_steps must be above 0");
        Require(EvalStrategy != IntervalStrategy.Steps || (EvalSteps ?? LoggingSteps) > 0, "eval_steps must be above 0");
        Require(EarlyStoppingPatience is null or > 0, "early_stopping_patience must be at least 1");
        Require(SaveTotalLimit is null or > 0, "save_total_limit must be at least 1");
        Require(SaveStrategy != IntervalStrategy.Best || EffectiveMetric is not null, "save_strategy 'best' needs metric_for_best_model");
        bool follows = LoadBestModelAtEnd || EarlyStoppingPatience is not null || SaveStrategy == IntervalStrategy.Best || LrSchedulerType is "reduce_lr_on_plateau" or "greedy";
        Require(!follows || EvalStrategy != IntervalStrategy.No, "load_best_model_at_end, early stopping, save_strategy 'best' and schedules that follow a metric need an eval_strategy");
        Require(
            !LoadBestModelAtEnd || SaveStrategy == IntervalStrategy.Best || SaveStrategy == EvalStrategy,
            "load_best_model_at_end needs save_strategy and eval_strategy to be the same, so that the best model is saved");
        Require(
            !LoadBestModelAtEnd || EvalStrategy != IntervalStrategy.Steps || SaveStrategy != IntervalStrategy.Steps || SaveSteps < 1 || SaveSteps % (EvalSteps ?? LoggingSteps) == 0,
            "load_best_model_at_end needs save_steps to be a multiple of eval_steps, so that every checkpoint has been evaluated");
    }

    private static void Positive(int value, string name) => Require(value > 0, $"{name} must be at least 1, but is {value}");

    private static void NotNegative(double value, string name) => Require(value >= 0 && double.IsFinite(value), $"{name} must not be negative, but is {value}");

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
