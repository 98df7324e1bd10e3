using System.Buffers;
using System.Globalization;
using Graft.Cli.Folders;
using Graft.Cli.Inspection;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>The types of configuration values. Typed by the target: <c>no</c> is a strategy for a strategy, false for a switch, and a text for a text.</summary>
internal static class ConfigTypes
{
    private static readonly SearchValues<char> ExpressionSigns = SearchValues.Create("\\*+?()[]{}|^$");

    public static ConfigType<string?> Text { get; } = new("TEXT", ReadText, YamlText.Optional);

    public static ConfigType<char?> Character { get; } = new("CHARACTER", ReadCharacter, value => value is { } c ? YamlText.Of(c.ToString()) : null);

    /// <summary>A path of something that exists.</summary>
    public static ConfigType<string?> InputPath { get; } = new("PATH", node => Path.GetFullPath(node.Resolve(ReadText(node))), YamlText.Optional);

    /// <summary>A path of something to be written: always from the current folder.</summary>
    public static ConfigType<string> OutputPath { get; } = new("PATH", node => Path.GetFullPath(ReadText(node)), YamlText.Of);

    /// <summary>A path of something to be written, or none.</summary>
    public static ConfigType<string?> OptionalOutputPath { get; } = new("PATH", node => Path.GetFullPath(ReadText(node)), YamlText.Optional);

    public static ConfigType<IReadOnlyList<string>> DataFiles { get; } = new("FILE", ReadDataFiles, YamlText.OptionalList, FlagArity.Many);

    public static ConfigType<int> Integer { get; } = new("N", ReadInteger, value => value.ToString(CultureInfo.InvariantCulture));

    public static ConfigType<int?> OptionalInteger { get; } = new("N", node => ReadInteger(node), value => value?.ToString(CultureInfo.InvariantCulture));

    public static ConfigType<ulong> Seed { get; } = new("N", ReadSeed, value => value.ToString(CultureInfo.InvariantCulture));

    public static ConfigType<ulong?> OptionalSeed { get; } = new("N", node => ReadSeed(node), value => value?.ToString(CultureInfo.InvariantCulture));

    public static ConfigType<long> Size { get; } = new("SIZE", MemorySize.Read, MemorySize.Write);

    public static ConfigType<long?> OptionalSize { get; } = new("SIZE", node => MemorySize.Read(node), value => value is { } bytes ? MemorySize.Write(bytes) : null);

    public static ConfigType<double> Number { get; } = new("NUMBER", ReadNumber, YamlText.Of);

    public static ConfigType<double?> OptionalNumber { get; } = new("NUMBER", node => ReadNumber(node), value => value is { } number ? YamlText.Of(number) : null);

    public static ConfigType<bool> Switch { get; } = new("true|false", ReadSwitch, value => value ? "true" : "false", FlagArity.Switch);

    public static ConfigType<bool?> OptionalSwitch { get; } = new("true|false", node => ReadSwitch(node), value => value is { } flag ? (flag ? "true" : "false") : null, FlagArity.Switch);

    /// <summary>A switch that may be left to Graft: null is <c>auto</c>.</summary>
    public static ConfigType<bool?> SwitchOrAuto { get; } = new(
        "true|false|auto",
        node => string.Equals(node.Text, "auto", StringComparison.OrdinalIgnoreCase) ? null : TryReadSwitch(node) ?? throw node.Wrong("true, false or auto"),
        value => value is { } flag ? (flag ? "true" : "false") : null,
        FlagArity.Optional);

    public static ConfigType<IReadOnlyList<string>> Names { get; } = new("NAME", ReadNames, YamlText.OptionalList, FlagArity.Many);

    /// <summary>A list of names, or none: an empty list is one.</summary>
    public static ConfigType<IReadOnlyList<string>?> OptionalNames { get; } = new("NAME", ReadNames, value => value is null ? null : YamlText.List(value), FlagArity.Many);

    /// <summary>A format of numbers: torch's name, or the short one.</summary>
    public static ConfigType<DType> FloatType { get; } = new("DTYPE", node => WeightTypes.Parse(ReadText(node), node.Label), value => DTypeNames.Of(value));

    public static ConfigType<IReadOnlyList<int>> Integers { get; } = new("N", ReadIntegers, value => value.Count == 0 ? null : $"[{string.Join(", ", value)}]", FlagArity.Many);

    public static ConfigType<ModuleSelection?> Modules { get; } = new("NAMES", ReadModules, value => value is null ? null : value.Text is { } text ? YamlText.Of(text) : YamlText.List(value), FlagArity.Many);

    public static ConfigType<IReadOnlyDictionary<string, int>> IntegerMap { get; } = new("{NAME: N}", node => ReadMap(node, ReadInteger), value => YamlText.OptionalMap(value, number => $"{number}"));

    public static ConfigType<IReadOnlyDictionary<string, double>> NumberMap { get; } = new("{NAME: NUMBER}", node => ReadMap(node, ReadNumber), value => YamlText.OptionalMap(value, YamlText.Of));

    public static ConfigType<IReadOnlyDictionary<string, object?>> Arguments { get; } = new("{NAME: VALUE}", node => ReadMap(node, UntypedValue.Read), value => YamlText.OptionalMap(value, UntypedValue.Write));

    public static ConfigType<IntervalStrategy> Strategy { get; } = Word(("no", IntervalStrategy.No), ("steps", IntervalStrategy.Steps), ("epoch", IntervalStrategy.Epoch));

    public static ConfigType<IntervalStrategy> SaveStrategy { get; } = Word(("no", IntervalStrategy.No), ("steps", IntervalStrategy.Steps), ("epoch", IntervalStrategy.Epoch), ("best", IntervalStrategy.Best));

    /// <summary>One of a few words, in any case.</summary>
    public static ConfigType<T> Word<T>(params (string Name, T Value)[] words)
        where T : struct, Enum
        => new(string.Join('|', words.Select(word => word.Name)), node => ReadWord(node, words), value => words.First(word => word.Value.Equals(value)).Name);

    /// <summary>One of a few words, or none.</summary>
    public static ConfigType<T?> OptionalWord<T>(params (string Name, T Value)[] words)
        where T : struct, Enum
        => new(string.Join('|', words.Select(word => word.Name)), node => ReadWord(node, words), value => value is { } chosen ? words.First(word => word.Value.Equals(chosen)).Name : null);

    /// <summary>A whole number; <c>1e3</c> and <c>1_000</c> are ones too.</summary>
    public static int ReadInteger(ConfigNode node)
        => TryNumber(node.Text, out double number) && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number : throw node.Wrong("a whole number");

    /// <summary>A number: <c>1e-5</c> is one, whatever YAML says.</summary>
    public static double ReadNumber(ConfigNode node) => TryNumber(node.Text, out double number) ? number : throw node.Wrong("a number");

    /// <summary>True or false, in YAML's words.</summary>
    public static bool ReadSwitch(ConfigNode node) => TryReadSwitch(node) ?? throw node.Wrong("true or false");

    /// <summary>Any text.</summary>
    public static string ReadText(ConfigNode node) => node.Text ?? throw node.Wrong("a text");

    /// <summary>Whether a text is a number.</summary>
    public static bool TryNumber(string? text, out double number)
    {
        number = 0;
        return text is not null
            && !text.StartsWith('_') && !text.EndsWith('_')
            && double.TryParse(text.Replace("_", string.Empty, StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);
    }

    private static bool? TryReadSwitch(ConfigNode node) => node.Text?.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" or "1" => true,
        "false" or "no" or "off" or "0" => false,
        _ => null,
    };

    private static ulong ReadSeed(ConfigNode node)
        => ulong.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : throw node.Wrong("a whole number that is not negative");

    private static char? ReadCharacter(ConfigNode node) => ReadText(node) switch
    {
        "\\t" or "tab" => '\t',
        { Length: 1 } text => text[0],
        _ => throw node.Wrong("one character, or tab"),
    };

    private static T ReadWord<T>(ConfigNode node, (string Name, T Value)[] words)
    {
        // YAML's other words for no and yes.
        string? text = node.Text?.ToLowerInvariant() is "false" or "off" ? "no" : node.Text;
        foreach ((string name, T value) in words)
        {
            if (string.Equals(name, text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw new ArgumentException($"{node.Wrong($"one of {string.Join(", ", words.Select(word => word.Name))}").Message}{NearestName.Suggestion(text ?? string.Empty, words.Select(word => word.Name))}");
    }

    private static string[] ReadNames(ConfigNode node) => node switch
    {
        { Items: { } items } => [.. items.SelectMany(ReadNames)],
        { Text: { } text } => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        _ => throw node.Wrong("a name or a list of names"),
    };

    private static int[] ReadIntegers(ConfigNode node) => node switch
    {
        { Items: { } items } => [.. items.SelectMany(ReadIntegers)],
        { Text: { } text } when text.Contains(',') => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => ReadInteger(ConfigNode.Scalar(node.Label, null, part, isQuoted: false)))],
        _ => [ReadInteger(node)],
    };

    private static string[] ReadDataFiles(ConfigNode node) => node switch
    {
        { Items: { } items } => [.. items.SelectMany(ReadDataFiles)],
        { Text: { } text } when node.Resolve(text) is var path && Path.Exists(path) => [Path.GetFullPath(path)],
        { Text: { } text } when text.Contains(',') => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part => Path.GetFullPath(node.Resolve(part)))],
        { Text: { } text } => [Path.GetFullPath(node.Resolve(text))],
        _ => throw node.Wrong("a file or a list of files"),
    };

    /// <summary>A list, a comma list, one name, <c>all-linear</c>, or a regular expression: a text with any of its signs.</summary>
    private static ModuleSelection? ReadModules(ConfigNode node)
    {
        if (node.Items is { Count: 1 } single)
        {
            return ReadModules(single[0]);
        }

        bool isExpression = node.Text is { } text && (text.AsSpan().ContainsAny(ExpressionSigns) || string.Equals(text, "all-linear", StringComparison.OrdinalIgnoreCase));
        return isExpression ? ModuleSelection.FromString(node.Text!) : ModuleSelection.Create(ReadNames(node));
    }

    private static OrderedDictionary<string, T> ReadMap<T>(ConfigNode node, Func<ConfigNode, T> read)
    {
        // A flag holds the object as text.
        ConfigNode whole = node.Folder is null && node.Text is { } text ? YamlConfigFile.ReadValue(text, node.Label) : node;
        var map = new OrderedDictionary<string, T>();
        foreach ((string key, ConfigNode value) in whole.Fields ?? throw node.Wrong("an object such as {name: value}"))
        {
            map.Add(key, read(value));
        }

        return map;
    }
}
