using System.Text.RegularExpressions;

namespace Graft.Peft;

/// <summary>Regular expressions over module paths, in Python's sense.</summary>
internal static partial class NamePattern
{
    // Expressions come from files: one that backtracks without end must not hang the program.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>An expression that must match a whole path (<c>re.fullmatch</c>).</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="field">The config's field, for errors.</param>
    public static Regex FullMatch(string pattern, string field) => Compile($@"\A(?:{Translate(pattern)})\z", pattern, field);

    /// <summary>A key of rank_pattern or alpha_pattern: it must match the end of a path, from its beginning or from a dot on.</summary>
    /// <param name="pattern">The key.</param>
    /// <param name="field">The config's field, for errors.</param>
    public static Regex Suffix(string pattern, string field) => Compile($@"\A(?:.*\.)?(?:{Translate(pattern)})\z", pattern, field);

    /// <summary>The number of the block that a path lies in, by layers_pattern.</summary>
    /// <param name="pattern">Name of the list of blocks.</param>
    public static Regex LayerIndex(string pattern) => Compile($@"\A.*?\.(?:{Translate(pattern)})\.(?<index>\d+)\.", pattern, "layers_pattern");

    /// <summary>Whether <paramref name="name"/> matches.</summary>
    /// <exception cref="ArgumentException">The expression takes for ever.</exception>
    public static bool Matches(Regex regex, string name) => Match(regex, name).Success;

    /// <summary>The match of <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">The expression takes for ever.</exception>
    public static Match Match(Regex regex, string name)
    {
        try
        {
            return regex.Match(name);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ArgumentException($"the regular expression '{regex}' takes more than {Limit.TotalSeconds} seconds on '{name}': make it simpler", e);
        }
    }

    /// <summary>Whether a path is <paramref name="suffix"/> or ends with it after a dot.</summary>
    public static bool HasSuffix(string path, string suffix)
        => path.EndsWith(suffix, StringComparison.Ordinal)
            && (path.Length == suffix.Length || path[path.Length - suffix.Length - 1] == '.');

    /// <summary>Python writes named groups with a P; <c>(?P=name)</c> refers back to one.</summary>
    private static string Translate(string pattern) => BackReference().Replace(pattern, @"\k<$1>").Replace("(?P<", "(?<", StringComparison.Ordinal);

    [GeneratedRegex(@"\(\?P=(\w+)\)")]
    private static partial Regex BackReference();

    private static Regex Compile(string expression, string pattern, string field)
    {
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"{field}: '{pattern}' is not a valid regular expression: {e.Message}", e);
        }
    }
}
