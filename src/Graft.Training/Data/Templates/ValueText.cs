using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Graft.Training.Data;

/// <summary>How values read inside a text.</summary>
internal static class ValueText
{
    /// <summary>The text of <paramref name="value"/>; null for null, and for a list with a null element unless those may be left out.</summary>
    public static string? Of(object? value, string separator, NullPolicy nulls) => value switch
    {
        null => null,
        string text => text,
        bool truth => truth ? "True" : "False",
        double number => Number(number),
        IReadOnlyList<object?> items => List(items, separator, nulls),
        IReadOnlyDictionary<string, object?> => Json(value),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    /// <summary>The shortest digits that give back the number, with a point or an exponent, as Python writes them.</summary>
    public static string Number(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        // .NET's shortest digits are Python's; only the exponent's form, its threshold and the missing point differ.
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = shortest.IndexOf('E');
        if (exponent < 0)
        {
            return shortest.Contains('.') ? shortest : shortest + ".0";
        }

        return Math.Abs(number) is >= 1e15 and < 1e16
            ? number.ToString("F1", CultureInfo.InvariantCulture)
            : shortest.ToLowerInvariant();
    }

    private static string? List(IReadOnlyList<object?> items, string separator, NullPolicy nulls)
    {
        var text = new StringBuilder();
        bool first = true;
        foreach (object? item in items)
        {
            string? part = item is IReadOnlyList<object?> ? Json(item) : Of(item, separator, nulls);
            if (part is null && nulls == NullPolicy.Fail)
            {
                return null;
            }

            if (part is not null)
            {
                text.Append(first ? string.Empty : separator).Append(part);
                first = false;
            }
        }

        return text.ToString();
    }

    private static string Json(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, value);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case double number when double.IsFinite(number):
                writer.WriteRawValue(Number(number));
                break;
            case long or BigInteger:
                writer.WriteRawValue(string.Create(CultureInfo.InvariantCulture, $"{value}"));
                break;
            case IReadOnlyList<object?> items:
                writer.WriteStartArray();
                foreach (object? item in items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case IReadOnlyDictionary<string, object?> fields:
                writer.WriteStartObject();
                foreach ((string name, object? field) in fields)
                {
                    writer.WritePropertyName(name);
                    Write(writer, field);
                }

                writer.WriteEndObject();
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }
}
