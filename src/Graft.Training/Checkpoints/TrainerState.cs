using System.Text.Json;
using Graft.Peft;

namespace Graft.Training;

/// <summary><c>trainer_state.json</c> as the Hugging Face Trainer writes it: keys sorted, indented by two.</summary>
public sealed class TrainerState
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "trainer_state.json";

    /// <summary>What Transformers writes as <c>eval_steps</c> where nothing is evaluated by steps.</summary>
    internal const int DefaultEvalSteps = 500;

    /// <summary>Optimizer steps done.</summary>
    public int GlobalStep { get; set; }

    /// <summary>Epochs done, with fractions.</summary>
    public double Epoch { get; set; }

    /// <summary>Steps of the whole run.</summary>
    public int MaxSteps { get; set; }

    /// <summary>Epochs that are begun.</summary>
    public int NumTrainEpochs { get; set; }

    /// <summary>Steps between log rows.</summary>
    public int LoggingSteps { get; set; }

    /// <summary>Steps between evaluations.</summary>
    public int EvalSteps { get; set; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveSteps { get; set; }

    /// <summary>Samples in a micro-batch.</summary>
    public int TrainBatchSize { get; set; }

    /// <summary>Best value of the metric; null before the first evaluation, or without a metric.</summary>
    public double? BestMetric { get; set; }

    /// <summary>Step of the best value.</summary>
    public int? BestGlobalStep { get; set; }

    /// <summary>Folder of the best checkpoint.</summary>
    public string? BestModelCheckpoint { get; set; }

    /// <summary>Tokens seen so far; 0 unless they are counted.</summary>
    public long NumInputTokensSeen { get; set; }

    /// <summary>Floating-point operations so far as Transformers counts them: 6 for each token and each parameter that is no embedding.</summary>
    public double TotalFlos { get; set; }

    /// <summary>The log.</summary>
    public IList<LogRow> LogHistory { get; } = [];

    /// <summary>Early stopping's counter; null when it is off.</summary>
    public EarlyStopping? EarlyStopping { get; set; }

    /// <summary>Whether the run has reached its end.</summary>
    public bool ShouldTrainingStop { get; set; }

    /// <summary>The file's text, byte for byte as Python writes it.</summary>
    public string ToJson() => PythonJson.Write(new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["best_global_step"] = BestGlobalStep,
        ["best_metric"] = BestMetric,
        ["best_model_checkpoint"] = BestModelCheckpoint,
        ["epoch"] = Epoch,
        ["eval_steps"] = EvalSteps,
        ["global_step"] = GlobalStep,
        ["is_hyper_param_search"] = false,
        ["is_local_process_zero"] = true,
        ["is_world_process_zero"] = true,
        ["log_history"] = LogHistory.Select(row => row.ToPython()),
        ["logging_steps"] = LoggingSteps,
        ["max_steps"] = MaxSteps,
        ["num_input_tokens_seen"] = NumInputTokensSeen,
        ["num_train_epochs"] = NumTrainEpochs,
        ["save_steps"] = SaveSteps,
        ["stateful_callbacks"] = Callbacks(),
        ["total_flos"] = TotalFlos,
        ["train_batch_size"] = TrainBatchSize,
        ["trial_name"] = null,
        ["trial_params"] = null,
    }) + "\n";

    /// <summary>Reads the file.</summary>
    /// <param name="path">A trainer_state.json.</param>
    /// <exception cref="InvalidDataException">Not such a file.</exception>
    public static TrainerState Load(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is not a trainer_state.json: {e.Message}", e);
        }
    }

    private static TrainerState Read(JsonElement root)
    {
        var state = new TrainerState
        {
            GlobalStep = root.GetProperty("global_step").GetInt32(),
            Epoch = root.GetProperty("epoch").GetDouble(),
            MaxSteps = root.GetProperty("max_steps").GetInt32(),
            NumTrainEpochs = root.GetProperty("num_train_epochs").GetInt32(),
            LoggingSteps = Integer(root, "logging_steps"),
            EvalSteps = Integer(root, "eval_steps"),
            SaveSteps = Integer(root, "save_steps"),
            TrainBatchSize = Integer(root, "train_batch_size"),
            NumInputTokensSeen = Optional(root, "num_input_tokens_seen")?.GetInt64() ?? 0,
            BestMetric = Optional(root, "best_metric") is { } metric ? metric.GetDouble() : null,
            BestGlobalStep = Optional(root, "best_global_step") is { } step ? step.GetInt32() : null,
            BestModelCheckpoint = Optional(root, "best_model_checkpoint")?.GetString(),
            TotalFlos = Optional(root, "total_flos")?.GetDouble() ?? 0,
        };
        foreach (JsonElement row in root.GetProperty("log_history").EnumerateArray())
        {
            state.LogHistory.Add(LogRow.Read(row));
        }

        if (!root.TryGetProperty("stateful_callbacks", out JsonElement callbacks))
        {
            return state;
        }

        state.ShouldTrainingStop = callbacks.TryGetProperty("TrainerControl", out JsonElement control) && control.GetProperty("args").GetProperty("should_training_stop").GetBoolean();
        if (callbacks.TryGetProperty("EarlyStoppingCallback", out JsonElement stopping))
        {
            JsonElement arguments = stopping.GetProperty("args");
            state.EarlyStopping = new EarlyStopping(arguments.GetProperty("early_stopping_patience").GetInt32(), arguments.GetProperty("early_stopping_threshold").GetDouble())
            {
                PatienceCounter = stopping.GetProperty("attributes").GetProperty("early_stopping_patience_counter").GetInt32(),
            };
        }

        return state;
    }

    private static int Integer(JsonElement root, string name) => Optional(root, name) is { } value ? (int)value.GetDouble() : 0;

    private static JsonElement? Optional(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private Dictionary<string, object?> Callbacks()
    {
        var callbacks = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["TrainerControl"] = Callback(
                ("should_epoch_stop", false), ("should_evaluate", false), ("should_log", false), ("should_save", true), ("should_training_stop", ShouldTrainingStop)),
        };
        if (EarlyStopping is { } stopping)
        {
            Dictionary<string, object?> callback = Callback(("early_stopping_patience", stopping.Patience), ("early_stopping_threshold", stopping.Threshold));
            callback["attributes"] = new Dictionary<string, object?> { ["early_stopping_patience_counter"] = stopping.PatienceCounter };
            callbacks["EarlyStoppingCallback"] = callback;
        }

        return callbacks;
    }

    private static Dictionary<string, object?> Callback(params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, object? value) in arguments)
        {
            values[name] = value;
        }

        return new Dictionary<string, object?>(StringComparer.Ordinal) { ["args"] = values, ["attributes"] = new Dictionary<string, object?>() };
    }
}
