using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Graft.Formats;

namespace Graft.Training.Tracking;

/// <summary>Values as Python's <c>str</c> writes them, which is how MLflow keeps parameters: <c>None</c>, <c>True</c>, <c>0.001</c>, <c>['q_proj', 'v_proj']</c>.</summary>
/// <remarks>Values: null, bool, integers, <see cref="double"/>, text, lists, <see cref="JsonElement"/>, and objects as <c>IEnumerable&lt;KeyValuePair&lt;string, object?&gt;&gt;</c>.</remarks>
public static class PythonText
{
    /// <summary><c>str(value)</c>.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">It has no form in Python.</exception>
    public static string Of(object? value) => value switch
    {
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
        _ => Repr(value),
    };

    /// <summary><c>str</c> of a float: NaN and infinities are <c>nan</c>, <c>inf</c> and <c>-inf</c>.</summary>
    /// <param name="value">The number.</param>
    public static string Of(double value) => double.IsNaN(value) ? "nan" : double.IsInfinity(value) ? value > 0 ? "inf" : "-inf" : PythonNumber.Float(value);

    private static string Repr(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        int or long => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        double number => Of(number),
        string text => Quoted(text),
        JsonElement element => Repr(element),
        IEnumerable<KeyValuePair<string, object?>> members => $"{{{string.Join(", ", members.Select(member => $"{Quoted(member.Key)}: {Repr(member.Value)}"))}}}",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Repr))}]",
        _ => throw new ArgumentException($"a {value.GetType().Name} has no form in Python"),
    };

    private static string Repr(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => "None",
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        JsonValueKind.String => Quoted(element.GetString()!),
        JsonValueKind.Number => element.TryGetInt64(out long integer) ? integer.ToString(CultureInfo.InvariantCulture) : Of(element.GetDouble()),
        JsonValueKind.Array => Repr(element.EnumerateArray().Select(item => (object?)item).ToList()),
        _ => Repr(element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, (object?)member.Value)).ToList()),
    };

    /// <summary><c>repr</c> of a text: single quotes, unless it holds one and no double quote.</summary>
    private static string Quoted(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                _ when c == quote => quoted.Append('\\').Append(c),
                _ when char.IsControl(c) => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append(quote).ToString();
    }
}
