using System.CommandLine;
using Graft.Cli.Folders;
using Graft.Models;

namespace Graft.Cli.Configuration;

/// <summary>The quantisation of the base model as flags of a verb: flag, then the graft.yaml of the run that an adapter comes from, then default.</summary>
internal sealed class QuantizationFlags
{
    private readonly List<(ConfigKey Key, Option Option)> _options = [.. QuantizationKeys.All.Select(key => (key, Show(key)))];

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        foreach ((_, Option option) in _options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What the command line and a run ask for; null for the weights as they are in their files.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="adapterFolder">The output folder of a run, a checkpoint in one, any other folder, or null.</param>
    /// <exception cref="ArgumentException">Values that are impossible, or contradict each other.</exception>
    public QuantizationConfig? Load(ParseResult parsed, string? adapterFolder)
    {
        var given = _options.Select(pair => (pair.Key, Node: pair.Key.ReadOption(parsed, pair.Option))).Where(flag => flag.Node is not null)
            .ToDictionary(flag => flag.Key, flag => flag.Node!);
        string? file = adapterFolder is null ? null : RunFolder.ConfigurationOf(adapterFolder);
        RunConfiguration configuration = RunConfiguration.Load(file, given.Select(flag => KeyValuePair.Create(flag.Key.Name, flag.Value)));

        // Eight bits on the command line take the place of a run's four, and the other way round.
        if (given.ContainsKey(QuantizationKeys.LoadIn8Bit) && !given.ContainsKey(QuantizationKeys.LoadIn4Bit) && configuration.Get(QuantizationKeys.LoadIn8Bit))
        {
            configuration.Set(QuantizationKeys.LoadIn4Bit, false);
        }
        else if (given.ContainsKey(QuantizationKeys.LoadIn4Bit) && !given.ContainsKey(QuantizationKeys.LoadIn8Bit) && configuration.Get(QuantizationKeys.LoadIn4Bit))
        {
            configuration.Set(QuantizationKeys.LoadIn8Bit, false);
        }

        return configuration.ToQuantizationConfig();
    }

    private static Option Show(ConfigKey key)
    {
        Option option = key.CreateOption();
        string dashed = $"--{key.Name.Replace('_', '-')}";
        option.Hidden = false;
        option.Description = $"{key.Help}{(key.DefaultText is { } text ? $" [{text}]" : string.Empty)}";
        option.HelpName = key.Placeholder;
        foreach (string alias in option.Aliases.Where(alias => alias != dashed).ToArray())
        {
            option.Aliases.Remove(alias);
        }

        return option;
    }
}
