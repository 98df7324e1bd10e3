using System.Text;
using System.Text.Json;

namespace Graft.Training;

/// <summary><c>trainer_state.json</c> as the Hugging Face Trainer writes it: keys sorted, indented by two.</summary>
public sealed class TrainerState
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 2, NewLine = "\n" };

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

    /// <summary>Floating-point operations so far: 6 for each trained token and parameter, as Transformers counts.</summary>
    public double TotalFlos { get; set; }

    /// <summary>The log.</summary>
    public IList<LogRow> LogHistory { get; } = [];

    /// <summary>Early stopping's counter; null when it is off.</summary>
    public EarlyStopping? EarlyStopping { get; set; }

    /// <summary>Whether the run has reached its end.</summary>
    public bool ShouldTrainingStop { get; set; }

    /// <summary>The file's text.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            Write(writer);
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

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
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
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
            BestMetric = Optional(root, "best_metric") is { } metric ? metric.GetDouble() : null,
            BestGlobalStep = Optional(root, "best_global_step") is { } step ? step.GetInt32() : null,
            BestModelCheckpoint = Optional(root, "best_model_checkpoint")?.GetString(),
            TotalFlos = Optional(root, "total_flos")?.GetDouble() ?? 0,
        };
        foreach (JsonElement row in root.GetProperty("log_history").EnumerateArray())
        {
            state.LogHistory.Add(new LogRow(row.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal)));
        }

        if (root.TryGetProperty("stateful_callbacks", out JsonElement callbacks) && callbacks.TryGetProperty("EarlyStoppingCallback", out JsonElement stopping))
        {
            JsonElement arguments = stopping.GetProperty("args");
            state.EarlyStopping = new EarlyStopping(arguments.GetProperty("early_stopping_patience").GetInt32(), arguments.GetProperty("early_stopping_threshold").GetDouble())
            {
                PatienceCounter = stopping.GetProperty("attributes").GetProperty("early_stopping_patience_counter").GetInt32(),
            };
        }

        return state;
    }

    private static JsonElement? Optional(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteOptional(writer, "best_global_step", BestGlobalStep);
        WriteOptional(writer, "best_metric", BestMetric);
        writer.WriteString("best_model_checkpoint", BestModelCheckpoint);
        writer.WriteNumber("epoch", Epoch);
        writer.WriteNumber("eval_steps", EvalSteps);
        writer.WriteNumber("global_step", GlobalStep);
        writer.WriteBoolean("is_hyper_param_search", false);
        writer.WriteBoolean("is_local_process_zero", true);
        writer.WriteBoolean("is_world_process_zero", true);
        writer.WriteStartArray("log_history");
        foreach (LogRow row in LogHistory)
        {
            WriteRow(writer, row);
        }

        writer.WriteEndArray();
        writer.WriteNumber("logging_steps", LoggingSteps);
        writer.WriteNumber("max_steps", MaxSteps);
        writer.WriteNumber("num_input_tokens_seen", 0);
        writer.WriteNumber("num_train_epochs", NumTrainEpochs);
        writer.WriteNumber("save_steps", SaveSteps);
        WriteCallbacks(writer);
        writer.WriteNumber("total_flos", TotalFlos);
        writer.WriteNumber("train_batch_size", TrainBatchSize);
        writer.WriteNull("trial_name");
        writer.WriteNull("trial_params");
        writer.WriteEndObject();
    }

    private void WriteCallbacks(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("stateful_callbacks");
        if (EarlyStopping is not null)
        {
            writer.WriteStartObject("EarlyStoppingCallback");
            writer.WriteStartObject("args");
            writer.WriteNumber("early_stopping_patience", EarlyStopping.Patience);
            writer.WriteNumber("early_stopping_threshold", EarlyStopping.Threshold);
            writer.WriteEndObject();
            writer.WriteStartObject("attributes");
            writer.WriteNumber("early_stopping_patience_counter", EarlyStopping.PatienceCounter);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteStartObject("TrainerControl");
        writer.WriteStartObject("args");
        writer.WriteBoolean("should_epoch_stop", false);
        writer.WriteBoolean("should_evaluate", false);
        writer.WriteBoolean("should_log", false);
        writer.WriteBoolean("should_save", true);
        writer.WriteBoolean("should_training_stop", ShouldTrainingStop);
        writer.WriteEndObject();
        writer.WriteStartObject("attributes");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter writer, LogRow row)
    {
        writer.WriteStartObject();
        foreach ((string name, double value) in row.Values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (name == "step")
            {
                writer.WriteNumber(name, (int)value);
            }
            else if (double.IsFinite(value))
            {
                writer.WriteNumber(name, value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is double number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
