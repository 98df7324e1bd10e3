using System.Text.RegularExpressions;

namespace Graft.Models;

/// <summary>Which linear layers of a model stay as they are when it is quantised, by Transformers' rules.</summary>
/// <remarks>
/// An entry matches from the start of a module's path up to a dot or the end, as a regular expression, or it is a plain ending of
/// the path. Without a list the head stays; a list replaces that. A head that is the embedding stays in any case.
/// </remarks>
internal sealed class SkippedModules
{
    // Expressions come from files: one that backtracks without end must not hang the program.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    // T5 overflows in fp16 here, so Transformers keeps these layers (_keep_in_fp32_modules), whatever the list says.
    private static readonly Dictionary<string, string[]> AlwaysKept = new(StringComparer.Ordinal) { ["t5"] = ["wo"], ["mt5"] = ["wo"], ["umt5"] = ["wo"] };

    private readonly List<(string Entry, Regex Pattern)> _entries;

    /// <summary>Prepares the rules.</summary>
    /// <param name="modelType">The family.</param>
    /// <param name="listed"><c>llm_int8_skip_modules</c>, or null.</param>
    /// <param name="head">Path of the output layer.</param>
    public SkippedModules(string modelType, IReadOnlyList<string>? listed, string head)
        => _entries = [.. (listed ?? [head]).Concat(AlwaysKept.GetValueOrDefault(modelType, [])).Select(entry => (entry, Compile(entry)))];

    /// <summary>Whether a module stays as it is.</summary>
    /// <param name="name">Its path.</param>
    public bool Contains(string name)
        => _entries.Any(entry => entry.Pattern.IsMatch(name) || name.EndsWith(entry.Entry, StringComparison.Ordinal));

    private static Regex Compile(string entry)
    {
        try
        {
            return new Regex($@"\A(?:{entry})(?:\.|\z)", RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"llm_int8_skip_modules: '{entry}' is not a valid regular expression: {e.Message}", e);
        }
    }
}
