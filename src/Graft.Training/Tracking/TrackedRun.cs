using System.Text.Json;
using Graft.Peft;

namespace Graft.Training.Tracking;

/// <summary>What trackers are told of a run: its names and settings.</summary>
public sealed record TrackedRun
{
    /// <summary>The run's folder; trackers write below it unless told otherwise.</summary>
    public required string OutputDir { get; init; }

    /// <summary>Hugging Face's <c>run_name</c>; null: the tracker names it.</summary>
    public string? RunName { get; init; }

    /// <summary>Hugging Face's <c>project</c>: W&amp;B's project and, where one is given, MLflow's experiment.</summary>
    public string? Project { get; init; }

    /// <summary>The settings by their names in files, with values as <see cref="PythonJson"/> takes them.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Arguments { get; init; } = [];

    /// <summary>The model's config.json; null when there is none.</summary>
    public JsonElement? ModelConfig { get; init; }

    /// <summary>The adapter_config.json; null when all weights are trained.</summary>
    public JsonElement? AdapterConfig { get; init; }

    /// <summary>The time; a test has one of its own.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Settings and the model's config as one object, as the Trainer's callbacks log them: a setting goes before the config's key of the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> ArgumentsWithModel()
    {
        var all = new OrderedDictionary<string, object?>();
        if (ModelConfig is { ValueKind: JsonValueKind.Object } config)
        {
            foreach (JsonProperty member in config.EnumerateObject())
            {
                all[member.Name] = member.Value;
            }
        }

        foreach ((string name, object? value) in Arguments)
        {
            all[name] = value;
        }

        return [.. all];
    }
}
