using System.Text.Json;
using Graft.Peft;

namespace Graft.Training;

/// <summary>A row of <c>log_history</c>: names and numbers.</summary>
/// <param name="Values">The numbers by name, <c>epoch</c> and <c>step</c> among them.</param>
public sealed record LogRow(IReadOnlyDictionary<string, double> Values)
{
    /// <summary>The optimizer step.</summary>
    public int Step => (int)Values["step"];

    /// <summary>A number, or null when the row lacks it.</summary>
    /// <param name="name">Its name.</param>
    public double? this[string name] => Values.TryGetValue(name, out double value) ? value : null;

    /// <summary>The row as one line of JSON with sorted keys. JSON has no NaN and no infinity: they become null.</summary>
    public string ToJsonLine()
        => $"{{{string.Join(", ", Values.OrderBy(number => number.Key, StringComparer.Ordinal).Select(number => $"\"{number.Key}\": {PythonJson.Write(ToPython(number).Value)}"))}}}";

    /// <summary>Reads an object of numbers; null is NaN.</summary>
    /// <param name="row">The object.</param>
    public static LogRow Read(JsonElement row) => new(row.EnumerateObject().ToDictionary(
        number => number.Name, number => number.Value.ValueKind == JsonValueKind.Null ? double.NaN : number.Value.GetDouble(), StringComparer.Ordinal));

    /// <summary>The row as <see cref="PythonJson"/> takes it.</summary>
    internal IEnumerable<KeyValuePair<string, object?>> ToPython() => Values.Select(ToPython);

    private static KeyValuePair<string, object?> ToPython(KeyValuePair<string, double> number)
    {
        object? value = !double.IsFinite(number.Value) ? null : number.Key is "step" or "num_input_tokens_seen" ? new PythonJson.Number(number.Value) : number.Value;
        return KeyValuePair.Create(number.Key, value);
    }
}
