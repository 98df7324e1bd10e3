using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Graft.Training.Tracking;

namespace Graft.Conformance.Runners;

/// <summary>
/// W&amp;B's files: they are read to the case's records; the same records framed again are the same bytes; and what Graft writes of them is read to the same content, but for what only wandb's own client has
/// (mailbox slots, telemetry).
/// </summary>
internal static class WandbCase
{
    private static readonly string[] OfTheClient = ["control", "uuid", "telemetry"];

    /// <summary>Compares the file.</summary>
    public static void Run(ConformanceCase @case)
    {
        byte[] file = File.ReadAllBytes(@case.PathOf("file"));
        Check.Equal("header", @case.Root.GetProperty("header").GetString(), Convert.ToHexStringLower(file.AsSpan(0, LevelDbLogWriter.FileHeader.Length)));
        IReadOnlyList<LogRecord> records = LevelDbLogReader.Read(file);
        JsonElement[] expected = [.. @case.Root.GetProperty("records").EnumerateArray()];
        Check.Equal("number of records", expected.Length, records.Count);
        using var framed = new MemoryStream();
        var frames = new LevelDbLogWriter(framed);
        using var written = new MemoryStream();
        var ours = new LevelDbLogWriter(written);
        var wanted = new List<JsonElement>();
        for (int i = 0; i < expected.Length; i++)
        {
            string what = $"record {i + 1}, {expected[i].Text("kind")}";
            JsonElement content = expected[i].GetProperty("record");
            CompareFragments(what, expected[i], records[i]);
            JsonTree.Equal(what, content, WandbMessages.Schema.Read("Record", records[i].Data.Span));
            frames.Write(records[i].Data.Span);
            if (RecordOf(expected[i].Text("kind")!, content) is { } record)
            {
                ours.Write(record.ToBytes(content.Integer("num"), content.Member("_info")?.Text("stream_id")));
                wanted.Add(content);
            }
        }

        Check.Equal("bytes of the same records, framed by Graft", file, framed.ToArray());
        CompareWritten(wanted, LevelDbLogReader.Read(written.ToArray()));
    }

    private static void CompareWritten(List<JsonElement> expected, IReadOnlyList<LogRecord> written)
    {
        Check.Equal("number of records written by Graft", expected.Count, written.Count);
        for (int i = 0; i < written.Count; i++)
        {
            string what = $"record {expected[i].Integer("num")} as Graft writes it";
            JsonTree.Equal(what, WithoutClient(expected[i]), WandbMessages.Schema.Read("Record", written[i].Data.Span));
        }
    }

    private static void CompareFragments(string what, JsonElement expected, LogRecord record)
    {
        JsonElement[] fragments = [.. expected.GetProperty("fragments").EnumerateArray()];
        Check.Equal($"{what}: fragments", fragments.Length, record.Fragments.Count);
        for (int i = 0; i < fragments.Length; i++)
        {
            Check.Equal($"{what}: offset", fragments[i].Integer("offset"), record.Fragments[i].Offset);
            Check.Equal($"{what}: crc", fragments[i].GetProperty("crc").GetUInt32(), record.Fragments[i].Check);
            Check.Equal($"{what}: length", fragments[i].Integer("length"), record.Fragments[i].Length);
            Check.Equal($"{what}: type", fragments[i].Integer("type"), (int)record.Fragments[i].Type);
        }
    }

    private static JsonElement WithoutClient(JsonElement record)
    {
        JsonObject copy = JsonNode.Parse(record.GetRawText())!.AsObject();
        foreach (JsonObject level in new[] { copy, copy["run"] as JsonObject }.OfType<JsonObject>())
        {
            foreach (string name in OfTheClient)
            {
                level.Remove(name);
            }
        }

        return JsonDocument.Parse(copy.ToJsonString()).RootElement;
    }

    /// <summary>The record as Graft's own; null for kinds and members that a training run does not write.</summary>
    private static WandbRecord? RecordOf(string kind, JsonElement record) => IsForeign(kind, record) ? null : kind switch
    {
        "header" => new WandbHeader(record.GetProperty(kind).GetProperty("version_info").Text("producer")!, record.GetProperty(kind).GetProperty("version_info").Text("min_consumer")!),
        "run" => RunOf(record.GetProperty(kind)),
        "config" => ConfigOf(record.GetProperty(kind)),
        "summary" => new WandbSummary(Items(record.GetProperty(kind), "update")) { Remove = Items(record.GetProperty(kind), "remove") },
        "history" => new WandbHistory(Items(record.GetProperty(kind), "item"), record.GetProperty(kind).Member("step")?.Integer("num") ?? 0),
        "metric" => MetricOf(record.GetProperty(kind)),
        "stats" => new WandbStats(DateTimeOffset.Parse(record.GetProperty(kind).Text("timestamp")!, CultureInfo.InvariantCulture), Items(record.GetProperty(kind), "item")),
        "exit" => new WandbExit((int)record.GetProperty(kind).Integer("exit_code"), (int)record.GetProperty(kind).Integer("runtime")),
        _ => null,
    };

    private static bool IsForeign(string kind, JsonElement record) => kind switch
    {
        "metric" => record.GetProperty(kind).Member("summary") is not null || record.GetProperty(kind).Member("goal") is not null || record.GetProperty(kind).Member("_control") is not null,
        "run" => new[] { "settings", "summary", "sweep_id", "storage_id", "resumed", "runtime", "forked" }.Any(name => record.GetProperty(kind).Member(name) is not null),
        _ => false,
    };

    private static WandbRun RunOf(JsonElement run) => new(run.Text("run_id")!)
    {
        Entity = run.Text("entity"),
        Project = run.Text("project"),
        Config = run.Member("config") is { } config ? ConfigOf(config) : null,
        RunGroup = run.Text("run_group"),
        JobType = run.Text("job_type"),
        DisplayName = run.Text("display_name"),
        Notes = run.Text("notes"),
        Tags = [.. run.List("tags").Select(tag => tag.GetString()!)],
        Host = run.Text("host"),
        StartingStep = run.Integer("starting_step"),
        StartTime = run.Text("start_time") is { } time ? DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) : null,
        GitRemoteUrl = run.Member("git")?.Text("remote_url"),
        GitCommit = run.Member("git")?.Text("commit"),
    };

    private static WandbConfig ConfigOf(JsonElement config) => new(Items(config, "update")) { Remove = Items(config, "remove") };

    private static WandbMetric MetricOf(JsonElement metric) => new()
    {
        Name = metric.Text("name"),
        GlobName = metric.Text("glob_name"),
        StepMetric = metric.Text("step_metric"),
        StepSync = metric.Member("options")?.Flag("step_sync") ?? false,
        Hidden = metric.Member("options")?.Flag("hidden") ?? false,
        Defined = metric.Member("options")?.Flag("defined") ?? false,
    };

    private static WandbItem[] Items(JsonElement record, string name) => [.. record.List(name).Select(item =>
    {
        string[] path = [.. item.List("nested_key").Select(part => part.GetString()!)];
        string? value = item.Text("value_json");
        return new WandbItem(path.Length > 0 ? path : [item.Text("key") ?? string.Empty], value is null ? null : Rewritten(value), IsNested: path.Length > 0);
    })];

    /// <summary>A value written anew from what it means: numbers must come out the same; texts and objects may be spelt otherwise, but mean the same.</summary>
    private static string Rewritten(string json)
    {
        switch (json)
        {
            case "NaN": return WandbJson.Write(double.NaN);
            case "Infinity": return WandbJson.Write(double.PositiveInfinity);
            case "-Infinity": return WandbJson.Write(double.NegativeInfinity);
            case "null": return WandbJson.Write(null);
        }

        if (long.TryParse(json, CultureInfo.InvariantCulture, out long integer))
        {
            return WandbJson.Write(integer);
        }

        if (!json.AsSpan().ContainsAny("\"[{tf") && double.TryParse(json, CultureInfo.InvariantCulture, out double number))
        {
            return WandbJson.Write(number);
        }

        // Inside of lists and objects NaN is no JSON that could be parsed.
        if (json[0] is '[' or '{' && (json.Contains("NaN", StringComparison.Ordinal) || json.Contains("Infinity", StringComparison.Ordinal)))
        {
            return json;
        }

        JsonElement value = JsonDocument.Parse(json).RootElement;
        string ours = WandbJson.Write(value);
        return JsonElement.DeepEquals(value, JsonDocument.Parse(ours).RootElement) ? json : ours;
    }
}
