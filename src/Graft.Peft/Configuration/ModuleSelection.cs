using System.Collections;
using System.Runtime.CompilerServices;

namespace Graft.Peft;

/// <summary>A choice of modules as PEFT writes it: a list of names, or one text (a regular expression, or <c>all-linear</c>).</summary>
/// <remarks>A list may be written <c>["q_proj", "v_proj"]</c>, a text <c>"all-linear"</c>: both convert.</remarks>
[CollectionBuilder(typeof(ModuleSelection), nameof(Create))]
public sealed class ModuleSelection : IReadOnlyList<string>
{
    private readonly string[] _names;

    private ModuleSelection(string[] names, string? text)
    {
        _names = names;
        Text = text;
    }

    /// <summary>The text, or null for a list.</summary>
    public string? Text { get; }

    /// <summary>Whether it is <c>all-linear</c>, in any case.</summary>
    public bool IsAllLinear => string.Equals(Text, "all-linear", StringComparison.OrdinalIgnoreCase);

    /// <summary>Number of names; 0 for a text.</summary>
    public int Count => _names.Length;

    /// <summary>A name of the list.</summary>
    /// <param name="index">Its place.</param>
    public string this[int index] => _names[index];

    /// <summary>A list of names; what is there twice counts once.</summary>
    /// <param name="names">Whole paths or the last parts of paths.</param>
    public static ModuleSelection Create(ReadOnlySpan<string> names) => new([.. names.ToArray().Distinct(StringComparer.Ordinal)], null);

    /// <summary>A regular expression that whole paths must match, or <c>all-linear</c>.</summary>
    /// <param name="text">The text.</param>
    public static ModuleSelection FromString(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ModuleSelection([], text);
    }

    /// <summary>What any of several choices names; null where none is given.</summary>
    /// <param name="selections">The choices: all lists, or all texts.</param>
    /// <param name="field">The config's field, for errors.</param>
    /// <exception cref="ArgumentException">Lists and texts are mixed.</exception>
    internal static ModuleSelection? Union(IReadOnlyList<ModuleSelection?> selections, string field)
    {
        ModuleSelection[] given = [.. selections.OfType<ModuleSelection>()];
        return given.Length == 0 ? null
            : given.All(selection => selection.Text is null) ? Create([.. given.SelectMany(names => names)])
            : given.All(selection => selection.Text is not null) ? FromString(string.Join('|', given.Select(selection => $"({selection.Text})")))
            : throw new ArgumentException($"{field} is a list in one adapter and a regular expression in another: they cannot be joined");
    }

    /// <summary>A text.</summary>
    /// <param name="text">A regular expression that whole paths must match, or <c>all-linear</c>.</param>
    public static implicit operator ModuleSelection(string text) => FromString(text);

    /// <summary>A list.</summary>
    /// <param name="names">Whole paths or the last parts of paths.</param>
    public static implicit operator ModuleSelection(string[] names) => Create(names);

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_names).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _names.GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => Text is null ? $"[{string.Join(", ", _names)}]" : $"'{Text}'";
}
