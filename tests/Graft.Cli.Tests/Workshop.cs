using System.Text.Json;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Tests;

/// <summary>A folder with a tiny BLOOM and a few rows, made by the tool itself, and a way to run the tool there.</summary>
public sealed class Workshop : IDisposable
{
    private const string Config = """
        {"model_type":"bloom","vocab_size":300,"hidden_size":16,"n_layer":2,"n_head":2,"bos_token_id":1,"eos_token_id":2,"pad_token_id":3,"initializer_range":0.1}
        """;

    private static readonly string[] Animals = ["cat", "dog", "owl", "fox", "hen", "cow"];

    public Workshop()
    {
        Folder = Directory.CreateTempSubdirectory("graft-cli-").FullName;
        Data = Write("rows.jsonl", Rows(24));
        Settings = Write("run.yaml", """
            model_name_or_path: model
            dataset: rows.jsonl
            template: "{quote} ->: {tags}"
            max_steps: 4
            learning_rate: 1e-2
            logging_steps: 2
            """);
        string config = Write("config.json", Config);
        Model = Path.Combine(Folder, "model");
        ToolRun made = Run("init", config, "--into", Model, "--train-tokenizer", Data);
        Assert.True(made.Code == 0, made.Errors);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The model's folder.</summary>
    public string Model { get; }

    /// <summary>24 rows with the columns animal, quote and tags.</summary>
    public string Data { get; }

    /// <summary>A configuration of four steps on the rows.</summary>
    public string Settings { get; }

    /// <summary>Rows in JSONL.</summary>
    public static string Rows(int count)
        => string.Concat(Enumerable.Range(0, count).Select(i => $$"""{"animal": "{{Animals[i % 6]}}", "quote": "the {{Animals[i % 6]}} saw {{i}} {{Animals[(i + 1) % 6]}}s", "tags": ["{{Animals[i % 6]}}", "t{{i % 3}}"]}""" + "\n"));

    /// <summary>A new folder's path.</summary>
    public string NewPath(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Runs the tool.</summary>
    public static ToolRun Run(params string[] args)
    {
        using var results = new StringWriter();
        using var progress = new StringWriter();
        int code = GraftTool.RunAsync(args, results, progress).GetAwaiter().GetResult();
        return new ToolRun(code, results.ToString(), progress.ToString());
    }

    /// <summary>Trains a few steps on the rows; more arguments override.</summary>
    public ToolRun Train(string output, params string[] more) => Run(["train", Settings, "--output", NewPath(output), .. more]);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>What a run of the tool gave.</summary>
public sealed record ToolRun(int Code, string Results, string Errors)
{
    /// <summary>The JSON objects on stdout.</summary>
    public IReadOnlyList<JsonElement> Events => [.. Results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The last event of a name.</summary>
    public JsonElement Event(string name) => Events.Last(e => e.GetProperty("event").GetString() == name);
}
