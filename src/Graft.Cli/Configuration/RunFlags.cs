using System.CommandLine;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Configuration;

/// <summary>The configuration on the command line: a file, and a flag for every key.</summary>
internal sealed class RunFlags
{
    private readonly Argument<string?> _file = new("CONFIG") { Description = "YAML file with the keys below, or a run's output folder", Arity = ArgumentArity.ZeroOrOne };
    private readonly List<(ConfigKey Key, Option Option)> _options = [.. ConfigKeys.Groups.SelectMany(group => group.Keys).Select(key => (key, key.CreateOption()))];
    private readonly List<Option<string>> _foreign = [.. ForeignKeys.Names.Append(QuantizationKeys.Nested).Select(name => new Option<string>($"--{name}", $"--{name.Replace('_', '-')}") { Hidden = true, Arity = ArgumentArity.ZeroOrOne })];

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        foreach (Option option in _options.Select(pair => pair.Option).Concat(_foreign))
        {
            command.Options.Add(option);
        }

        command.Options.Add(RunHelp.CreateOption());
        command.TreatUnmatchedTokensAsErrors = false;
    }

    /// <summary>The configuration that a command line asks for.</summary>
    /// <exception cref="UsageException">An unknown flag.</exception>
    /// <exception cref="ArgumentException">What <see cref="RunConfiguration.Load"/> refuses.</exception>
    public RunConfiguration Load(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            throw new UsageException(
                token.StartsWith('-')
                    ? $"there is no flag {token}{ConfigKeys.Suggestion(token.Split('=')[0])}"
                    : $"'{token}' is one word too many: the configuration file comes first, and texts with blanks need quotes");
        }

        return RunConfiguration.Load(parsed.GetValue(_file), GivenFlags(parsed));
    }

    private IEnumerable<KeyValuePair<string, ConfigNode>> GivenFlags(ParseResult parsed)
    {
        foreach ((ConfigKey key, Option option) in _options)
        {
            if (key.ReadOption(parsed, option) is { } node)
            {
                yield return KeyValuePair.Create(key.Name, node);
            }
        }

        foreach (Option<string> option in _foreign)
        {
            if (parsed.GetResult(option) is { Implicit: false } result)
            {
                yield return KeyValuePair.Create(option.Name[2..], ConfigNode.Scalar(result.IdentifierToken?.Value ?? option.Name, null, parsed.GetValue(option) ?? "true", isQuoted: false));
            }
        }
    }
}
