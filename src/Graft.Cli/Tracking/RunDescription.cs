using System.Text.Json;
using Graft.Cli.Configuration;
using Graft.Training.Tracking;

namespace Graft.Cli.Tracking;

/// <summary>Describes a run to trackers: the configuration's keys with their values, the model's config.json and the adapter's.</summary>
internal static class RunDescription
{
    /// <summary>Describes it.</summary>
    public static TrackedRun Of(PreparedRun run)
    {
        RunConfiguration configuration = run.Configuration;
        return new TrackedRun
        {
            OutputDir = configuration.OutputDir,
            RunName = configuration.Get(TrackerKeys.RunName),
            Project = configuration.Get(TrackerKeys.Project),
            Arguments = [.. configuration.Texts().Select(pair => KeyValuePair.Create(pair.Key.Name, ValueOf(YamlConfigFile.ReadValue(pair.Value, pair.Key.Name))))],
            ModelConfig = run.Model.Base.Config.Reader.Root,
            AdapterConfig = run.Model.ActiveAdapters is [var name, ..] ? JsonDocument.Parse(run.Model.ConfigOf(name).ToJson()).RootElement : null,
        };
    }

    private static object? ValueOf(ConfigNode node) => node switch
    {
        { Fields: { } fields } => fields.Select(field => KeyValuePair.Create(field.Key, ValueOf(field.Value))).ToList(),
        { Items: { } items } => items.Select(ValueOf).ToList(),
        _ => UntypedValue.Read(node),
    };
}
