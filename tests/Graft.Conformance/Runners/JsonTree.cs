using System.Text.Json;
using System.Text.Json.Nodes;

namespace Graft.Conformance.Runners;

/// <summary>Reads and compares messages in protobuf's JSON mapping, where integers of 64 bits are texts and NaN is one.</summary>
internal static class JsonTree
{
    /// <summary>A member, or null when there is none.</summary>
    public static JsonElement? Member(this JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value : null;

    /// <summary>A text, or null.</summary>
    public static string? Text(this JsonElement json, string name) => json.Member(name)?.GetString();

    /// <summary>An integer, as a number or a text; 0 when there is none.</summary>
    public static long Integer(this JsonElement json, string name) => json.Member(name) is { } value ? IntegerOf(value) : 0;

    /// <summary>An integer, as a number or a text.</summary>
    public static long IntegerOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!) : value.GetInt64();

    /// <summary>A switch; false when there is none.</summary>
    public static bool Flag(this JsonElement json, string name) => json.Member(name)?.GetBoolean() ?? false;

    /// <summary>A number; 0 when there is none.</summary>
    public static double Number(this JsonElement json, string name) => json.Member(name) is { } value ? NumberOf(value) : 0;

    /// <summary>The elements of a list; none when there is no list.</summary>
    public static IEnumerable<JsonElement> List(this JsonElement json, string name) => json.Member(name) is { } value ? value.EnumerateArray() : [];

    /// <summary>A list of numbers.</summary>
    public static double[] Numbers(this JsonElement json, string name) => [.. json.List(name).Select(NumberOf)];

    /// <summary>Bytes in base64; none when there are none.</summary>
    public static byte[] Bytes(this JsonElement json, string name) => json.Member(name)?.GetBytesFromBase64() ?? [];

    /// <summary>Both trees have the same members and values; the order of members does not count.</summary>
    public static void Equal(string what, JsonElement expected, JsonNode? actual)
    {
        switch (expected.ValueKind, actual)
        {
            case (JsonValueKind.Object, JsonObject members):
                Check.Equal($"{what}: members", Sorted(expected.EnumerateObject().Select(member => member.Name)), Sorted(members.Select(member => member.Key)));
                foreach (JsonProperty member in expected.EnumerateObject())
                {
                    Equal($"{what}.{member.Name}", member.Value, members[member.Name]);
                }

                break;
            case (JsonValueKind.Array, JsonArray items):
                Check.Equal($"{what}: length", expected.GetArrayLength(), items.Count);
                for (int i = 0; i < items.Count; i++)
                {
                    Equal($"{what}[{i}]", expected[i], items[i]);
                }

                break;
            default:
                if (!ScalarEquals(expected, actual))
                {
                    throw new MismatchException($"{what}: expected {expected.GetRawText()}, got {actual?.ToJsonString() ?? "nothing"}");
                }

                break;
        }
    }

    private static bool ScalarEquals(JsonElement expected, JsonNode? actual) => actual is JsonValue value && (expected.ValueKind, value.GetValueKind()) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => expected.GetDouble().Equals(double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)),
        (JsonValueKind.String, JsonValueKind.String) => Spelling(expected.GetString()!) == Spelling(value.GetValue<string>()),
        var (a, b) => a == b && a is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null,
    };

    private static string Spelling(string text) => text switch
    {
        "nan" => "NaN",
        "inf" => "Infinity",
        "-inf" => "-Infinity",
        _ => text,
    };

    private static double NumberOf(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : Spelling(value.GetString()!) switch
    {
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        var text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture),
    };

    private static IReadOnlyList<string> Sorted(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal)];
}
