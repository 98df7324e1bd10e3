using System.Text.Json;
using System.Text.RegularExpressions;
using Graft.Models;

namespace Graft.Peft;

/// <summary>rank_pattern and alpha_pattern: values for layers whose path ends with a key.</summary>
internal sealed class LoraPatterns
{
    private readonly LoraConfig _config;
    private readonly List<(Regex Pattern, int Rank)> _ranks;
    private readonly List<(Regex Pattern, double Alpha)> _alphas;

    /// <summary>Compiles the patterns of <paramref name="config"/>.</summary>
    public LoraPatterns(LoraConfig config)
    {
        _config = config;
        _ranks = [.. config.RankPattern.Select(entry => (NamePattern.Suffix(entry.Key, "rank_pattern"), entry.Value))];
        _alphas = [.. config.AlphaPattern.Select(entry => (NamePattern.Suffix(entry.Key, "alpha_pattern"), entry.Value))];
    }

    /// <summary>Rank of a layer: the first key that fits, in the file's order.</summary>
    public int RankOf(string module) => First(_ranks, module, _config.R);

    /// <summary>Alpha of a layer: the first key that fits, in the file's order.</summary>
    public double AlphaOf(string module) => First(_alphas, module, _config.LoraAlpha);

    /// <summary>Whether PEFT's sorting of the keys would give another value to one of <paramref name="modules"/>.</summary>
    public static LoraConfig MarkOrder(LoraConfig config, IReadOnlyList<string> modules)
    {
        var asGiven = new LoraPatterns(config);
        var sorted = new LoraPatterns(config with { RankPattern = Sorted(config.RankPattern), AlphaPattern = Sorted(config.AlphaPattern) });
        return config with
        {
            RankPatternOrderMatters = modules.Any(module => asGiven.RankOf(module) != sorted.RankOf(module)),
            AlphaPatternOrderMatters = modules.Any(module => asGiven.AlphaOf(module) != sorted.AlphaOf(module)),
        };
    }

    /// <summary>Reads rank_pattern.</summary>
    public static OrderedDictionary<string, int> ReadRanks(ConfigReader reader)
        => Read<int>(reader, "rank_pattern", element => element.TryGetInt32(out int rank) ? rank : null, "an integer");

    /// <summary>Reads alpha_pattern.</summary>
    public static OrderedDictionary<string, double> ReadAlphas(ConfigReader reader)
        => Read<double>(reader, "alpha_pattern", element => element.GetDouble(), "a number");

    /// <summary>Checks the values and the expressions.</summary>
    public static void Check(LoraConfig config)
    {
        _ = new LoraPatterns(config);
        foreach ((string key, int rank) in config.RankPattern)
        {
            if (rank <= 0)
            {
                throw new ArgumentException($"rank_pattern: r must be a positive integer, but is {rank} for '{key}'");
            }
        }
    }

    /// <summary>As JSON: in order where the order matters, otherwise sorted like all objects.</summary>
    public static object Write(IEnumerable<KeyValuePair<string, object?>> entries, bool orderMatters) => orderMatters ? new PythonJson.Ordered([.. entries]) : entries;

    private static T First<T>(List<(Regex Pattern, T Value)> patterns, string module, T otherwise)
    {
        foreach ((Regex pattern, T value) in patterns)
        {
            if (NamePattern.Matches(pattern, module))
            {
                return value;
            }
        }

        return otherwise;
    }

    private static OrderedDictionary<string, T> Sorted<T>(IReadOnlyDictionary<string, T> entries)
    {
        var sorted = new OrderedDictionary<string, T>();
        foreach ((string key, T value) in entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            sorted.Add(key, value);
        }

        return sorted;
    }

    private static OrderedDictionary<string, T> Read<T>(ConfigReader reader, string field, Func<JsonElement, T?> read, string expected)
        where T : struct
    {
        var entries = new OrderedDictionary<string, T>();
        if (reader.Section(field) is { } section)
        {
            foreach (JsonProperty entry in section.Root.EnumerateObject())
            {
                entries[entry.Name] = entry.Value.ValueKind == JsonValueKind.Number && read(entry.Value) is { } value
                    ? value
                    : throw reader.Error($"{field}: '{entry.Name}' must be {expected}, but is {entry.Value.GetRawText()}");
            }
        }

        return entries;
    }
}
