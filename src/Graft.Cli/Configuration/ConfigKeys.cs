using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>All keys of the run configuration, by groups and by name. A new key is a line in one of the groups.</summary>
internal static class ConfigKeys
{
    private static readonly Dictionary<string, ConfigKey> ByName = Index();

    /// <summary>The groups, in the order of help and of saved files.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<ConfigKey> Keys)> Groups { get; } =
    [
        ("Model", ModelKeys.All),
        ("Quantisation of the base model", QuantizationKeys.All),
        ("Data", DataKeys.All),
        ("Adapter", AdapterKeys.All),
        ("Training", TrainingKeys.All),
        ("Output", OutputKeys.All),
        ("Trackers", TrackerKeys.All),
    ];

    /// <summary>The key with a name or alias, dashes or underscores alike; null when there is none.</summary>
    public static ConfigKey? Find(string name) => ByName.GetValueOrDefault(name.Replace('-', '_'));

    /// <summary>The end of an error about an unknown key or flag: the nearest known one, if any is near.</summary>
    public static string Suggestion(string name)
    {
        string dashes = name.StartsWith("--", StringComparison.Ordinal) ? "--" : string.Empty;
        return NearestName.Suggestion(name.Replace('-', '_').Replace("__", dashes, StringComparison.Ordinal), ByName.Keys.Concat(ForeignKeys.Names).Select(known => dashes + known));
    }

    private static Dictionary<string, ConfigKey> Index()
    {
        var index = new Dictionary<string, ConfigKey>(StringComparer.Ordinal);
        foreach (ConfigKey key in new[] { ModelKeys.All, QuantizationKeys.All, DataKeys.All, AdapterKeys.All, TrainingKeys.All, OutputKeys.All, TrackerKeys.All }.SelectMany(keys => keys))
        {
            foreach (string name in key.Aliases.Prepend(key.Name))
            {
                index.Add(name, key);
            }
        }

        return index;
    }
}
