using System.Text;
using Graft.Training;

namespace Graft.Cli.Configuration;

/// <summary>What a run is, resolved: flag, then file, then default.</summary>
internal sealed partial class RunConfiguration
{
    /// <summary>The file that every run writes into its output folder, and that runs again.</summary>
    public const string FileName = "graft.yaml";

    private readonly Dictionary<ConfigKey, object?> _values = [];
    private readonly HashSet<ConfigKey> _given = [];
    private readonly List<string> _notes = [];

    private RunConfiguration()
    {
    }

    /// <summary>What the user should know though nothing is wrong: keys without effect, each once.</summary>
    public IReadOnlyList<string> Notes => [.. _notes, .. QuantizationNotes()];

    /// <summary>Reads a configuration.</summary>
    /// <param name="path">A YAML file, or a run's output folder with its graft.yaml; null for none.</param>
    /// <param name="flags">Values from the command line, by name, which override the file's.</param>
    /// <exception cref="ArgumentException">An unknown key, a value of the wrong type, or values that contradict each other; with file, line and column.</exception>
    /// <exception cref="InvalidDataException">The file is not YAML.</exception>
    /// <exception cref="CommandLine.NotYetException">A key asks for what Graft does not do yet.</exception>
    public static RunConfiguration Load(string? path, IEnumerable<KeyValuePair<string, ConfigNode>>? flags = null)
    {
        var configuration = new RunConfiguration();
        if (path is not null)
        {
            configuration.Take(YamlConfigFile.Read(Directory.Exists(path) ? Path.Combine(path, FileName) : path));
        }

        configuration.Take(flags ?? []);
        if (configuration.Get(TrainingKeys.Fp16))
        {
            configuration._notes.Add("fp16: computing in bf16, whose range is that of fp32: no loss scaling is needed and nothing overflows");
        }

        return configuration;
    }

    /// <summary>The value of a key: as given, or its default.</summary>
    public T Get<T>(ConfigKey<T> key) => _values.TryGetValue(key, out object? value) ? (T)value! : key.Default;

    /// <summary>Whether the user gave a key.</summary>
    public bool IsGiven(ConfigKey key) => _given.Contains(key);

    /// <summary>Sets a key as if the user had given it.</summary>
    public void Set<T>(ConfigKey<T> key, T value)
    {
        _values[key] = value;
        _given.Add(key);
    }

    /// <summary>The whole configuration as YAML that gives the same run again; keys without a value are left out.</summary>
    public string ToYaml()
    {
        var text = new StringBuilder("# The resolved configuration of this run. It runs again with: graft train graft.yaml --output_dir FOLDER\n");
        foreach ((string title, IReadOnlyList<ConfigKey> keys) in ConfigKeys.Groups)
        {
            text.Append($"\n# {title}\n");
            foreach (ConfigKey key in keys.Except(OutputKeys.OfThisRunOnly))
            {
                text.Append(TextOf(key) is { } value ? $"{key.Name}: {value}\n" : string.Empty);
            }
        }

        return text.ToString();
    }

    /// <summary>The keys that have a value, given or by default, with the values as YAML; without those that only say how this run begins.</summary>
    public IEnumerable<KeyValuePair<ConfigKey, string>> Texts()
    {
        foreach (ConfigKey key in ConfigKeys.Groups.SelectMany(group => group.Keys).Except(OutputKeys.OfThisRunOnly))
        {
            if (TextOf(key) is { } value)
            {
                yield return KeyValuePair.Create(key, value);
            }
        }
    }

    private string? TextOf(ConfigKey key) => _values.TryGetValue(key, out object? given) ? key.Write(given) ?? (key.DefaultText is null ? null : "null") : key.DefaultText;

    /// <summary>Takes over the pairs of one source; within it, a key may stand once.</summary>
    private void Take(IEnumerable<KeyValuePair<string, ConfigNode>> pairs)
    {
        var taken = new HashSet<ConfigKey>();
        foreach ((string name, ConfigNode node) in pairs)
        {
            if (ConfigKeys.Find(name) is { } key)
            {
                Take(key, node, taken);
            }
            else if (name is QuantizationKeys.Nested)
            {
                TakeQuantization(node, taken);
            }
            else if (ForeignKeys.TryGet(name, out ForeignKey foreign))
            {
                _notes.AddRange(foreign.Note(node) is { } note ? [note] : Array.Empty<string>());
            }
            else
            {
                throw new ArgumentException($"{node.Label}: there is no such key{ConfigKeys.Suggestion(name)}");
            }
        }
    }

    private void Take(ConfigKey key, ConfigNode node, HashSet<ConfigKey> taken)
    {
        _values[key] = taken.Add(key) ? key.Read(node) : throw new ArgumentException($"{node.Label} is another name of {key.Name}, which is given already: keep one of them");
        _given.Add(key);
    }
}
