using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Graft.Training.Tracking;

/// <summary>MLflow's <c>meta.yaml</c>: a flat object with sorted keys, scalars as PyYAML writes them.</summary>
internal static partial class MetaYaml
{
    private const string Indicators = "-?:,[]{}#&*!|>'\"%@`";

    /// <summary>The file's text. Values: null, <see cref="long"/>, text, or an empty list.</summary>
    /// <param name="values">The values by key.</param>
    public static string Write(IEnumerable<KeyValuePair<string, object?>> values)
        => string.Concat(values.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {Scalar(pair.Value)}\n"));

    /// <summary>The scalars of a file by key; lists and objects are left out, null is null.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is not YAML.</exception>
    public static IReadOnlyDictionary<string, string?> Read(string path)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        try
        {
            using var text = new StreamReader(path);
            var parser = new Parser(text);
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            parser.Consume<MappingStart>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                string key = parser.Consume<YamlDotNet.Core.Events.Scalar>().Value;
                if (parser.Current is YamlDotNet.Core.Events.Scalar value)
                {
                    parser.MoveNext();
                    values[key] = value.Style == ScalarStyle.Plain && value.Value is "null" or "~" or "" ? null : value.Value;
                }
                else
                {
                    parser.SkipThisAndNestedEvents();
                }
            }
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{path} is no meta.yaml of MLflow: {e.Message}", e);
        }

        return values;
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        long number => number.ToString(CultureInfo.InvariantCulture),
        string text => Text(text),
        _ => "[]",
    };

    /// <summary>Plain where YAML 1.1 reads the same text back, otherwise in single quotes, or in double ones where there are signs to escape.</summary>
    private static string Text(string text)
    {
        if (text.Any(char.IsControl))
        {
            return DoubleQuoted(text);
        }

        bool isPlain = text.Length > 0
            && text[0] != ' ' && text[^1] is not (' ' or ':')
            && (!Indicators.Contains(text[0], StringComparison.Ordinal) || (text[0] is '-' or '?' or ':' && text.Length > 1 && text[1] != ' ' && !text.StartsWith("---", StringComparison.Ordinal)))
            && !text.StartsWith("...", StringComparison.Ordinal)
            && !text.Contains(": ", StringComparison.Ordinal) && !text.Contains(" #", StringComparison.Ordinal)
            && !OtherType().IsMatch(text);
        return isPlain ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static string DoubleQuoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                _ when char.IsControl(c) => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>What YAML 1.1 takes for null, a boolean, a number or a date.</summary>
    [GeneratedRegex(
        @"^(~|null|Null|NULL|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|=|<<" +
        @"|[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0|[0-9][0-9_]*|[1-9][0-9_]*(:[0-5]?[0-9])+)" +
        @"|[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|\.(inf|Inf|INF))|\.(nan|NaN|NAN)" +
        @"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?)$")]
    private static partial Regex OtherType();
}
