using System.Globalization;

namespace Graft.Cli.Configuration;

/// <summary>Values whose type only their reader knows (<c>lr_scheduler_kwargs</c>): null, booleans, numbers, texts, and lists of them.</summary>
internal static class UntypedValue
{
    public static object? Read(ConfigNode node) => node switch
    {
        { IsNull: true } => null,
        { Items: { } items } => items.Select(Read).ToList(),
        { Fields: not null } => throw node.Wrong("a number, a text or a list"),
        { IsQuoted: true } => node.Text,
        _ when bool.TryParse(node.Text, out bool flag) => flag,
        _ when long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) => integer,
        _ when ConfigTypes.TryNumber(node.Text, out double number) => number,
        _ => node.Text,
    };

    public static string Write(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => YamlText.Of(number),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable<object?> items => $"[{string.Join(", ", items.Select(Write))}]",
        _ => YamlText.Of((string)value),
    };
}
