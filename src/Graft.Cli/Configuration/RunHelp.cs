using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Graft.Cli.Configuration;

/// <summary><c>--help</c> of a verb that takes a run configuration: the keys by groups, with types, defaults and other names.</summary>
internal sealed class RunHelp : SynchronousCommandLineAction
{
    private const int WidestName = 44;

    /// <summary>A help option to put on a command.</summary>
    public static HelpOption CreateOption() => new() { Action = new RunHelp() };

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter writer = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        writer.WriteLine($"{command.Description}\n\nUsage: graft {command.Name} [CONFIG] [--key value ...]\n");
        writer.WriteLine("CONFIG is a YAML file with the keys below, or the output folder of an earlier run. A flag overrides the file.");
        writer.WriteLine("--learning_rate and --learning-rate are the same.");
        foreach (Option option in command.Options.Where(option => !option.Hidden && option is not HelpOption).Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options).Where(option => option is { Recursive: true, Hidden: false } and not HelpOption)))
        {
            writer.WriteLine($"  {option.Name,-WidestName} {option.Description}");
        }

        foreach ((string title, IReadOnlyList<ConfigKey> keys) in ConfigKeys.Groups)
        {
            writer.WriteLine($"\n{title}:");
            foreach (ConfigKey key in keys)
            {
                string name = $"--{key.Name} {key.Placeholder}";
                string end = (key.DefaultText?.Trim('"') is { } text && key != OutputKeys.OutputDir ? $" [{text}]" : string.Empty)
                    + (key.Aliases.Count > 0 ? $" (also {string.Join(", ", key.Aliases)})" : string.Empty);
                writer.WriteLine(name.Length > WidestName ? $"  {name}\n  {string.Empty,-WidestName} {key.Help}{end}" : $"  {name,-WidestName} {key.Help}{end}");
            }
        }

        return CommandLine.ExitCode.Success;
    }
}
