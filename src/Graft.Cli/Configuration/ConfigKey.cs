using System.CommandLine;

namespace Graft.Cli.Configuration;

/// <summary>A key of the run configuration: its names, its type, what it does.</summary>
internal abstract class ConfigKey(string name, string help, string[] aliases)
{
    /// <summary>Its first name, which is Hugging Face's where they have one.</summary>
    public string Name { get; } = name;

    /// <summary>Its other names.</summary>
    public IReadOnlyList<string> Aliases { get; } = aliases;

    /// <summary>What it does, in one line.</summary>
    public string Help { get; } = help;

    /// <summary>What help calls its value.</summary>
    public abstract string Placeholder { get; }

    /// <summary>The default as YAML; null where there is none.</summary>
    public abstract string? DefaultText { get; }

    /// <summary>All names, as flags: with underscores and with dashes.</summary>
    public IEnumerable<string> Flags => Aliases.Prepend(Name).SelectMany(flag => new[] { $"--{flag}", $"--{flag.Replace('_', '-')}" }).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a value; null gives none where there may be none, otherwise the default.</summary>
    /// <exception cref="ArgumentException">The value does not fit the key.</exception>
    public abstract object? Read(ConfigNode node);

    /// <summary>A value as YAML; null when there is nothing to write.</summary>
    public abstract string? Write(object? value);

    /// <summary>The flag on the command line.</summary>
    public abstract Option CreateOption();

    /// <summary>What the user wrote after the flag; null when the flag is absent.</summary>
    public abstract ConfigNode? ReadOption(ParseResult parsed, Option option);
}

/// <summary>A key whose values are of type <typeparamref name="T"/>.</summary>
internal sealed class ConfigKey<T>(ConfigType<T> type, string name, T defaultValue, string help, params string[] aliases) : ConfigKey(name, help, aliases)
{
    /// <summary>The value when nothing is given.</summary>
    public T Default { get; } = defaultValue;

    /// <summary>Whether null means none (<c>max_length: null</c>) rather than the default.</summary>
    private static bool NullIsAValue => typeof(T).IsValueType && default(T) is null;

    /// <inheritdoc/>
    public override string Placeholder => type.Placeholder;

    /// <inheritdoc/>
    public override string? DefaultText => Default is null ? null : type.Write(Default);

    /// <inheritdoc/>
    public override object? Read(ConfigNode node) => !node.IsNull ? type.Read(node) : NullIsAValue ? default : Default;

    /// <inheritdoc/>
    public override string? Write(object? value) => value is T typed ? type.Write(typed) : null;

    /// <inheritdoc/>
    public override Option CreateOption()
    {
        string[] flags = [.. Flags];
        return type.Arity switch
        {
            FlagArity.Switch => new Option<bool>(flags[0], flags[1..]) { Hidden = true },
            FlagArity.Optional => new Option<string[]>(flags[0], flags[1..]) { Hidden = true, Arity = ArgumentArity.ZeroOrMore },
            FlagArity.Many => new Option<string[]>(flags[0], flags[1..]) { Hidden = true, AllowMultipleArgumentsPerToken = true },
            // As everywhere, the last one wins when a flag stands twice.
            _ => new Option<string[]>(flags[0], flags[1..]) { Hidden = true, Arity = ArgumentArity.OneOrMore },
        };
    }

    /// <inheritdoc/>
    public override ConfigNode? ReadOption(ParseResult parsed, Option option)
    {
        if (parsed.GetResult(option) is not { Implicit: false } result)
        {
            return null;
        }

        string label = result.IdentifierToken?.Value ?? $"--{Name}";
        if (option is Option<bool> flag)
        {
            return ConfigNode.Scalar(label, null, parsed.GetValue(flag) ? "true" : "false", isQuoted: false);
        }

        string[] words = parsed.GetValue((Option<string[]>)option) ?? [];
        return type.Arity == FlagArity.Many && words.Length != 1 ? ConfigNode.List(label, null, [.. words.Select(word => Text(label, word))])
            : Text(label, words.Length == 0 ? "true" : words[^1]);
    }

    private static ConfigNode Text(string label, string text) => ConfigNode.Scalar(label, null, text, isQuoted: text.Length == 0);
}
