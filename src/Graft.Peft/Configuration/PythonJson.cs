using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Graft.Peft;

/// <summary>Writes JSON exactly as Python's <c>json.dumps(value, indent=2, sort_keys=True)</c> does, so that files are byte for byte PEFT's.</summary>
/// <remarks>
/// Values: null, bool, integers, <see cref="double"/>, text, lists, <see cref="JsonElement"/>, and objects as
/// <c>IEnumerable&lt;KeyValuePair&lt;string, object?&gt;&gt;</c>. An <see cref="Ordered"/> object keeps its order.
/// </remarks>
public static class PythonJson
{
    /// <summary>An object whose keys must not be sorted.</summary>
    /// <param name="Members">Its members, in order.</param>
    public sealed record Ordered(IReadOnlyList<KeyValuePair<string, object?>> Members);

    /// <summary>A number that is written as an integer where it is one.</summary>
    /// <param name="Value">The number.</param>
    public readonly record struct Number(double Value);

    /// <summary>The text, without a final newline.</summary>
    /// <param name="value">What to write.</param>
    public static string Write(object? value)
    {
        var text = new StringBuilder();
        Append(text, value, 0);
        return text.ToString();
    }

    /// <summary>A number as Python's <c>repr</c> writes a float: shortest that reads back, with a point or an exponent.</summary>
    public static string Float(double value) => Graft.Formats.PythonNumber.Float(value);

    private static void Append(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case null: text.Append("null"); break;
            case bool flag: text.Append(flag ? "true" : "false"); break;
            case int or long: text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)); break;
            case double real: text.Append(Float(real)); break;
            case Number { Value: var number } when number == Math.Floor(number) && Math.Abs(number) < 1e15: text.Append(((long)number).ToString(CultureInfo.InvariantCulture)); break;
            case Number { Value: var number }: text.Append(Float(number)); break;
            case string s: AppendText(text, s); break;
            case JsonElement element: Append(text, ToValue(element), depth); break;
            case Ordered ordered: AppendObject(text, ordered.Members, depth); break;
            case IEnumerable<KeyValuePair<string, object?>> members:
                AppendObject(text, [.. members.OrderBy(member => member.Key, StringComparer.Ordinal)], depth);
                break;
            case IEnumerable list: AppendList(text, [.. list.Cast<object?>()], depth); break;
            default: throw new ArgumentException($"a {value.GetType().Name} has no JSON form");
        }
    }

    /// <summary>A number keeps its spelling; Python would read 6.0 as a float and write it back as one.</summary>
    private static object? ToValue(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, (object?)member.Value)),
        JsonValueKind.Array => element.EnumerateArray().Select(item => (object?)item),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long integer) && !element.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? (object)integer : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static void AppendObject(StringBuilder text, IReadOnlyList<KeyValuePair<string, object?>> members, int depth)
    {
        if (members.Count == 0)
        {
            text.Append("{}");
            return;
        }

        text.Append('{');
        for (int i = 0; i < members.Count; i++)
        {
            NewLine(text, i, depth + 1);
            AppendText(text, members[i].Key);
            text.Append(": ");
            Append(text, members[i].Value, depth + 1);
        }

        NewLine(text, 0, depth);
        text.Append('}');
    }

    private static void AppendList(StringBuilder text, IReadOnlyList<object?> items, int depth)
    {
        if (items.Count == 0)
        {
            text.Append("[]");
            return;
        }

        text.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            NewLine(text, i, depth + 1);
            Append(text, items[i], depth + 1);
        }

        NewLine(text, 0, depth);
        text.Append(']');
    }

    private static void NewLine(StringBuilder text, int index, int depth)
        => text.Append(index > 0 ? ",\n" : "\n").Append(' ', depth * 2);

    private static void AppendText(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append(@"\\"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case < ' ' or > '~': text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default: text.Append(c); break;
            }
        }

        text.Append('"');
    }
}
