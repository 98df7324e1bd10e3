using System.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Folders;

namespace Graft.Cli.Evaluation;

/// <summary>The keys of a run configuration that say how rows become samples, as flags: flag, then the run's graft.yaml, then default.</summary>
internal sealed class EvaluationFlags
{
    /// <summary>The keys that help shows; the others are for unusual files.</summary>
    private static readonly ConfigKey[] Shown =
    [
        DataKeys.Template, DataKeys.PromptTemplate, DataKeys.CompletionTemplate, DataKeys.TextField, DataKeys.MaxLength, DataKeys.CompletionOnlyLoss, DataKeys.BadRows, TrainingKeys.EvalBatchSize,
    ];

    private static readonly ConfigKey[] Hidden =
    [
        DataKeys.Format, DataKeys.Sep, DataKeys.Header, DataKeys.ColumnNames, DataKeys.Field, DataKeys.SampleBy, DataKeys.KeepLinebreaks, DataKeys.Nulls, DataKeys.AppendEos, DataKeys.LongRows,
        DataKeys.TruncationMode, DataKeys.UntrainableRows,
    ];

    private readonly (ConfigKey Key, Option Option)[] _options = [.. Shown.Select(key => (key, Show(key))), .. Hidden.Select(key => (key, key.CreateOption()))];

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        foreach ((_, Option option) in _options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The configuration of the run that a folder belongs to, with the flags in it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">The output folder of a run, a checkpoint in one, or any other folder.</param>
    public RunConfiguration Load(ParseResult parsed, string folder)
    {
        KeyValuePair<string, ConfigNode>[] given =
        [
            .. _options.Select(pair => (pair.Key.Name, Node: pair.Key.ReadOption(parsed, pair.Option))).Where(flag => flag.Node is not null).Select(flag => KeyValuePair.Create(flag.Name, flag.Node!)),
        ];
        RunConfiguration configuration = RunConfiguration.Load(RunFolder.ConfigurationOf(folder), given);
        string[] names = [.. given.Select(flag => flag.Key)];
        ReplaceTemplate(configuration, names);
        return configuration;
    }

    /// <summary>A template on the command line takes the place of the run's, whichever kind that is.</summary>
    private static void ReplaceTemplate(RunConfiguration configuration, string[] given)
    {
        bool isPair = given.Contains(DataKeys.PromptTemplate.Name) || given.Contains(DataKeys.CompletionTemplate.Name);
        if (given.Contains(DataKeys.Template.Name) && !isPair)
        {
            configuration.Set(DataKeys.PromptTemplate, null);
            configuration.Set(DataKeys.CompletionTemplate, null);
        }
        else if (isPair && !given.Contains(DataKeys.Template.Name))
        {
            configuration.Set(DataKeys.Template, null);
        }
    }

    private static Option Show(ConfigKey key)
    {
        Option option = key.CreateOption();
        string dashed = $"--{key.Name.Replace('_', '-')}";
        option.Hidden = false;
        option.Description = $"{key.Help} (default: the run's{(key.DefaultText is { } text ? $", or {text}" : string.Empty)})";
        option.HelpName = key.Placeholder;
        foreach (string alias in option.Aliases.Where(alias => alias != dashed).ToArray())
        {
            option.Aliases.Remove(alias);
        }

        return option;
    }
}
