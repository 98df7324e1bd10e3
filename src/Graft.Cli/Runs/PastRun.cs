using System.Text.Json;
using Graft.Cli.Configuration;
using Graft.Cli.Folders;
using Graft.Training;

namespace Graft.Cli.Runs;

/// <summary>A run of the past, as its folder tells: one of Graft's, or of the Hugging Face Trainer's.</summary>
internal sealed class PastRun
{
    private PastRun(string name, string folder, IReadOnlyList<LogRow> log, PastRecord? record, TrainerState? state)
    {
        Name = name;
        Folder = folder;
        Log = log;
        Record = record;
        State = state;
    }

    /// <summary>Its folder, from the folder that was listed.</summary>
    public string Name { get; }

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>Its log.</summary>
    public IReadOnlyList<LogRow> Log { get; }

    /// <summary>Its settings as texts, by name; empty for a run that was not Graft's.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; private init; } = new Dictionary<string, string>();

    /// <summary>What could not be read.</summary>
    public IReadOnlyList<string> Problems { get; private init; } = [];

    /// <summary>Steps done.</summary>
    public int Step => Math.Max(Record?.GlobalStep ?? 0, Math.Max(State?.GlobalStep ?? 0, Log.Count == 0 ? 0 : Log.Max(row => row.Step)));

    /// <summary>Steps planned; 0 when that is not known.</summary>
    public int MaxSteps => Record?.MaxSteps ?? State?.MaxSteps ?? 0;

    /// <summary>How it ended.</summary>
    public string Status => Record?.Status switch
    {
        "running" => "unfinished",
        { } status => status,
        null when Log.Any(row => row["train_loss"] is not null) => "finished",
        null => "unfinished",
    };

    /// <summary>When it began; null when that is not known.</summary>
    public DateTimeOffset? StartedAt => Record?.StartedAt;

    /// <summary>The last training loss of the log; null when there is none.</summary>
    public double? Loss => Log.LastOrDefault(row => row["loss"] is not null)?["loss"];

    /// <summary>The row with the least loss on held-back samples; null when nothing was evaluated.</summary>
    public LogRow? Best => Log.Where(row => row["eval_loss"] is { } loss && double.IsFinite(loss)).MinBy(row => row["eval_loss"]);

    /// <summary>How long it took; null when that is not known.</summary>
    public double? Seconds => Record is { Seconds: > 0 } ? Record.Seconds : Log.LastOrDefault(row => row["train_runtime"] is not null)?["train_runtime"];

    /// <summary>Tokens trained on in a second; null when that is not known.</summary>
    public double? TokensPerSecond => Record is { Seconds: > 0, Tokens: > 0 } ? Record.Tokens / Record.Seconds : Log.LastOrDefault(row => row["train_tokens_per_second"] is not null)?["train_tokens_per_second"];

    private PastRecord? Record { get; }

    private TrainerState? State { get; }

    /// <summary>Whether a folder is a run's.</summary>
    public static bool IsRun(string folder)
        => File.Exists(Path.Combine(folder, TrainerState.FileName)) || File.Exists(Path.Combine(folder, MetricsLog.FileName)) || File.Exists(Path.Combine(folder, RunRecord.FileName))
            || RunFolder.NewestCheckpoint(folder) is not null;

    /// <summary>Reads a run. What is damaged is told in <see cref="Problems"/> and left out.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">What to call it.</param>
    public static PastRun Load(string folder, string name)
    {
        var problems = new List<string>();
        string? statePath = new[] { folder, RunFolder.NewestCheckpoint(folder) }.OfType<string>().Select(place => Path.Combine(place, TrainerState.FileName)).FirstOrDefault(File.Exists);
        TrainerState? state = statePath is null ? null : Attempt(() => TrainerState.Load(statePath), problems);
        string metrics = Path.Combine(folder, MetricsLog.FileName);
        IReadOnlyList<LogRow>? log = File.Exists(metrics) ? Attempt(() => ReadLog(metrics), problems) : null;
        string settings = Path.Combine(folder, RunConfiguration.FileName);
        return new PastRun(name, folder, log ?? [.. state?.LogHistory ?? []], PastRecord.Read(Path.Combine(folder, RunRecord.FileName)), state)
        {
            Settings = (File.Exists(settings) ? Attempt(() => ReadSettings(settings), problems) : null) ?? [],
            Problems = problems,
        };
    }

    /// <summary>The rows of a metrics.jsonl; half a row at the end, as a kill may leave it, is left out.</summary>
    private static List<LogRow> ReadLog(string path)
    {
        var rows = new List<LogRow>();
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(lines[i]);
                var row = LogRow.Read(document.RootElement);
                rows.Add(row["step"] is null ? throw new InvalidDataException($"{path}:{i + 1}: the row has no step") : row);
            }
            catch (JsonException) when (i == lines.Length - 1)
            {
                break;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
            {
                throw new InvalidDataException($"{path}:{i + 1}: this is no row of a log: {e.Message}", e);
            }
        }

        return rows;
    }

    private static Dictionary<string, string> ReadSettings(string path)
        => YamlConfigFile.Read(path).ToDictionary(pair => pair.Key, pair => TextOf(pair.Value), StringComparer.Ordinal);

    private static string TextOf(ConfigNode node) => node switch
    {
        { Text: { } text } => text,
        { Items: { } items } => $"[{string.Join(", ", items.Select(TextOf))}]",
        { Fields: { } fields } => $"{{{string.Join(", ", fields.Select(field => $"{field.Key}: {TextOf(field.Value)}"))}}}",
        _ => string.Empty,
    };

    private static T? Attempt<T>(Func<T> read, List<string> problems)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            problems.Add(e.Message);
            return null;
        }
    }
}
