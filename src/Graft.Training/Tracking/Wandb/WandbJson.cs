using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Graft.Training.Tracking;

/// <summary>Values as W&amp;B writes them: compact JSON with floats in Go's shortest form, and NaN, Infinity and -Infinity bare, which JSON does not have.</summary>
/// <remarks>Values: null, bool, integers, <see cref="double"/>, text, lists, <see cref="JsonElement"/>, and objects as <c>IEnumerable&lt;KeyValuePair&lt;string, object?&gt;&gt;</c>.</remarks>
public static class WandbJson
{
    /// <summary>A value.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">It has no JSON form.</exception>
    public static string Write(object? value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    /// <summary>A number as Go's <c>FormatFloat(x, 'g', -1, 64)</c> writes it: the fewest digits that read back, with an exponent below 1e-4 and from 1e6 on.</summary>
    /// <param name="value">The number.</param>
    public static string Float(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        string shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        string sign = double.IsNegative(value) ? "-" : string.Empty;
        (string digits, int exponent) = Split(shortest);
        if (digits.Length == 0)
        {
            return $"{sign}0";
        }

        if (exponent is < -4 or >= 6)
        {
            string fraction = digits.Length > 1 ? $".{digits[1..]}" : string.Empty;
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        return exponent < 0 ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : digits.Length <= exponent + 1 ? sign + digits.PadRight(exponent + 1, '0')
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>Digits without zeros at either end, and the power of ten of the first one.</summary>
    private static (string Digits, int Exponent) Split(string number)
    {
        string[] parts = number.Split('E');
        int point = parts[0].IndexOf('.', StringComparison.Ordinal);
        int whole = point < 0 ? parts[0].Length : point;
        string all = parts[0].Replace(".", string.Empty, StringComparison.Ordinal);
        string digits = all.TrimStart('0');
        int exponent = whole - (all.Length - digits.Length) - 1 + (parts.Length > 1 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0);
        return (digits.TrimEnd('0'), exponent);
    }

    private static void Append(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null: text.Append("null"); break;
            case bool flag: text.Append(flag ? "true" : "false"); break;
            case int or long: text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)); break;
            case double real: text.Append(Float(real)); break;
            case string s: AppendText(text, s); break;
            case JsonElement element: AppendElement(text, element); break;
            case IEnumerable<KeyValuePair<string, object?>> members: AppendObject(text, members); break;
            case IEnumerable list: AppendList(text, list.Cast<object?>()); break;
            default: throw new ArgumentException($"a {value.GetType().Name} has no JSON form");
        }
    }

    /// <summary>A number keeps its spelling.</summary>
    private static void AppendElement(StringBuilder text, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object: AppendObject(text, element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, (object?)member.Value))); break;
            case JsonValueKind.Array: AppendList(text, element.EnumerateArray().Select(item => (object?)item)); break;
            case JsonValueKind.String: AppendText(text, element.GetString()!); break;
            default: text.Append(element.GetRawText()); break;
        }
    }

    private static void AppendText(StringBuilder text, string value) => text.Append('"').Append(JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString()).Append('"');

    private static void AppendObject(StringBuilder text, IEnumerable<KeyValuePair<string, object?>> members)
    {
        char separator = '{';
        foreach ((string key, object? value) in members)
        {
            text.Append(separator);
            AppendText(text, key);
            text.Append(':');
            Append(text, value);
            separator = ',';
        }

        text.Append(separator == '{' ? "{}" : "}");
    }

    private static void AppendList(StringBuilder text, IEnumerable<object?> items)
    {
        char separator = '[';
        foreach (object? item in items)
        {
            text.Append(separator);
            Append(text, item);
            separator = ',';
        }

        text.Append(separator == '[' ? "[]" : "]");
    }
}
