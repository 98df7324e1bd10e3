using System.Collections;
using System.Numerics;
using System.Text.Json;

namespace Graft.Cli.Inspection;

/// <summary>Values of a report, as text and as JSON: null, texts, truth values, numbers, sizes, lists, objects, and JSON as it stands in a file.</summary>
internal static class ReportValue
{
    /// <summary>For people: digits grouped, lists in brackets.</summary>
    public static string Text(object? value) => value switch
    {
        null => "-",
        string text => text,
        bool flag => flag ? "yes" : "no",
        int or long or uint or ulong or BigInteger => string.Format(System.Globalization.CultureInfo.InvariantCulture, "{0:N0}", value),
        double number => number.ToString("G6", System.Globalization.CultureInfo.InvariantCulture),
        JsonElement json => Text(json),
        IReadOnlyDictionary<string, object?> fields => string.Join('\n', fields.Select(field => $"{field.Key}: {Text(field.Value)}")),
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Plain))}]",
        _ => $"{value}",
    };

    /// <summary>Writes a property.</summary>
    /// <param name="writer">Inside an object.</param>
    /// <param name="name">The property.</param>
    /// <param name="value">Its value; a number that JSON lacks becomes null.</param>
    public static void Write(Utf8JsonWriter writer, string name, object? value)
    {
        writer.WritePropertyName(name);
        Write(writer, value);
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null or double.NaN or double.PositiveInfinity or double.NegativeInfinity:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int or long or uint or ulong or BigInteger:
                writer.WriteRawValue($"{value}");
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case ByteSize size:
                writer.WriteNumberValue(size.Bytes);
                break;
            case JsonElement json:
                json.WriteTo(writer);
                break;
            case IReadOnlyDictionary<string, object?> fields:
                writer.WriteStartObject();
                foreach ((string name, object? field) in fields)
                {
                    Write(writer, name, field);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable items and not string:
                writer.WriteStartArray();
                foreach (object? item in items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue($"{value}");
                break;
        }
    }

    private static string Text(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => $"[{string.Join(", ", json.EnumerateArray().Select(Text))}]",
        _ => json.GetRawText(),
    };

    /// <summary>Inside a list digits are not grouped: the commas would look like those of the list.</summary>
    private static string Plain(object? value) => value is int or long ? $"{value}" : Text(value);
}
