using Graft.Training;

namespace Graft.Cli.Configuration;

/// <summary>What a run writes, and when: logging, evaluation, checkpoints.</summary>
internal static class OutputKeys
{
    private static readonly TrainingArguments Defaults = new();

    public static readonly ConfigKey<string> OutputDir = new(ConfigTypes.OutputPath, "output_dir", Path.GetFullPath(Defaults.OutputDir), "folder for the result and the checkpoints; counts from the current folder", "output");

    public static readonly ConfigKey<bool> Overwrite = new(ConfigTypes.Switch, "overwrite_output_dir", false, "train anew into a folder that is not empty; its checkpoints are removed", "overwrite");

    public static readonly ConfigKey<string?> ResumeFromCheckpoint = new(ConfigTypes.Text, "resume_from_checkpoint", null, "go on from a checkpoint folder, or true: from the newest one in output_dir");

    public static readonly ConfigKey<bool> Resume = new(ConfigTypes.Switch, "resume", false, "the same as resume_from_checkpoint: true");

    public static readonly ConfigKey<IntervalStrategy> LoggingStrategy = new(ConfigTypes.Strategy, "logging_strategy", Defaults.LoggingStrategy, "when to log");

    public static readonly ConfigKey<double> LoggingSteps = new(ConfigTypes.Number, "logging_steps", Defaults.LoggingSteps, "steps between log rows (Hugging Face: 500); below 1 a share of all steps");

    public static readonly ConfigKey<bool> LoggingFirstStep = new(ConfigTypes.Switch, "logging_first_step", Defaults.LoggingFirstStep, "log the first step too (Hugging Face: false)");

    public static readonly ConfigKey<IntervalStrategy?> EvalStrategy = new(
        ConfigTypes.OptionalWord(("no", IntervalStrategy.No), ("steps", IntervalStrategy.Steps), ("epoch", IntervalStrategy.Epoch)), "eval_strategy", null, "when to evaluate; default: every epoch if there is held-back data (Hugging Face: never)", "evaluation_strategy");

    public static readonly ConfigKey<double?> EvalSteps = new(ConfigTypes.OptionalNumber, "eval_steps", Defaults.EvalSteps, "steps between evaluations; default: logging_steps; below 1 a share of all steps");

    public static readonly ConfigKey<double> EvalDelay = new(ConfigTypes.Number, "eval_delay", Defaults.EvalDelay, "steps (or epochs) before the first evaluation");

    public static readonly ConfigKey<bool> EvalOnStart = new(ConfigTypes.Switch, "eval_on_start", Defaults.EvalOnStart, "evaluate before the first step");

    public static readonly ConfigKey<IntervalStrategy> SaveStrategy = new(ConfigTypes.SaveStrategy, "save_strategy", Defaults.SaveStrategy, "when to save a checkpoint; the last step is saved too, unless no");

    public static readonly ConfigKey<double> SaveSteps = new(ConfigTypes.Number, "save_steps", Defaults.SaveSteps, "steps between checkpoints; below 1 a share of all steps");

    public static readonly ConfigKey<int?> SaveTotalLimit = new(ConfigTypes.OptionalInteger, "save_total_limit", Defaults.SaveTotalLimit, "how many checkpoints stay; the best one always does");

    public static readonly ConfigKey<bool> LoadBestModelAtEnd = new(ConfigTypes.Switch, "load_best_model_at_end", Defaults.LoadBestModelAtEnd, "the result is the best checkpoint instead of the last state");

    public static readonly ConfigKey<string?> MetricForBestModel = new(ConfigTypes.Text, "metric_for_best_model", Defaults.MetricForBestModel, "what decides which checkpoint is best; default: the loss");

    public static readonly ConfigKey<bool?> GreaterIsBetter = new(ConfigTypes.OptionalSwitch, "greater_is_better", Defaults.GreaterIsBetter, "whether more of the metric is better; default: unless it is a loss");

    public static readonly ConfigKey<int?> EarlyStoppingPatience = new(ConfigTypes.OptionalInteger, "early_stopping_patience", Defaults.EarlyStoppingPatience, "evaluations without improvement after which training stops");

    public static readonly ConfigKey<double> EarlyStoppingThreshold = new(ConfigTypes.Number, "early_stopping_threshold", Defaults.EarlyStoppingThreshold, "smallest change that counts as an improvement");

    public static readonly ConfigKey<InputTokenCount> IncludeNumInputTokensSeen = new(
        ConfigTypes.Word(("no", InputTokenCount.No), ("all", InputTokenCount.All), ("non_padding", InputTokenCount.NonPadding), ("true", InputTokenCount.All)), "include_num_input_tokens_seen", Defaults.IncludeNumInputTokensSeen, "say in every log row how many tokens have been seen");

    /// <summary>Keys that say how this run begins; they are no part of what a run is.</summary>
    public static IReadOnlyList<ConfigKey> OfThisRunOnly { get; } = [Overwrite, ResumeFromCheckpoint, Resume];

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        OutputDir, Overwrite, ResumeFromCheckpoint, Resume, LoggingStrategy, LoggingSteps, LoggingFirstStep, EvalStrategy, EvalSteps, EvalDelay, EvalOnStart, SaveStrategy, SaveSteps, SaveTotalLimit,
        LoadBestModelAtEnd, MetricForBestModel, GreaterIsBetter, EarlyStoppingPatience, EarlyStoppingThreshold, IncludeNumInputTokensSeen,
    ];
}
