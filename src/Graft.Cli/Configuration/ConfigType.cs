namespace Graft.Cli.Configuration;

/// <summary>How many words a flag takes.</summary>
internal enum FlagArity
{
    /// <summary>One.</summary>
    One,

    /// <summary>One or more.</summary>
    Many,

    /// <summary>None, or <c>true</c> or <c>false</c>.</summary>
    Switch,

    /// <summary>None, which is <c>true</c>, or one.</summary>
    Optional,
}

/// <summary>A type of values: how they are read, written, and shown in help.</summary>
/// <typeparam name="T">The .NET type.</typeparam>
/// <param name="Placeholder">What help calls a value.</param>
/// <param name="Read">Reads what the user wrote; never null's node.</param>
/// <param name="Write">The value as YAML, on one line; null when there is nothing to write.</param>
/// <param name="Arity">How many words a flag takes.</param>
internal sealed record ConfigType<T>(string Placeholder, Func<ConfigNode, T> Read, Func<T, string?> Write, FlagArity Arity = FlagArity.One);
