using System.Text.Json;
using Graft.Generation.Processors;

namespace Graft.Generation;

/// <summary>Typed values of generation settings in JSON; errors name the key.</summary>
internal static class JsonSetting
{
    public static bool? Flag(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, value, "true or false"),
    };

    public static double? Number(string key, JsonElement value)
        => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Wrong(key, value, "a number");

    public static int? Whole(string key, JsonElement value) => WholeNumber(key, value);

    public static EarlyStopping? Early(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => EarlyStopping.True,
        JsonValueKind.False => EarlyStopping.False,
        JsonValueKind.String when value.ValueEquals("never") => EarlyStopping.Never,
        _ => throw Wrong(key, value, "true, false or \"never\""),
    };

    /// <summary>One string or a list of them.</summary>
    public static IReadOnlyList<string>? Strings(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(key, item, "a string"))],
        _ => throw Wrong(key, value, "a string or a list of strings"),
    };

    /// <summary>One token or a list of them.</summary>
    public static IReadOnlyList<int>? Tokens(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => [WholeNumber(key, value)],
        JsonValueKind.Array => TokenList(key, value),
        _ => throw Wrong(key, value, "a token id or a list of them"),
    };

    public static IReadOnlyList<IReadOnlyList<int>>? TokenLists(string key, JsonElement value)
        => [.. Items(key, value).Select(item => TokenList(key, item))];

    /// <summary>A list of <c>[tokens, bias]</c>.</summary>
    public static IReadOnlyList<SequenceBias>? Biases(string key, JsonElement value)
        => [.. Items(key, value).Select(item => Pair(key, item) is var (tokens, bias)
            ? new SequenceBias(TokenList(key, tokens), (float)Number(key, bias)!.Value) : default)];

    /// <summary><c>[start, factor]</c>.</summary>
    public static ExponentialDecay? Decay(string key, JsonElement value)
    {
        (JsonElement start, JsonElement factor) = Pair(key, value);
        return new ExponentialDecay(WholeNumber(key, start), Number(key, factor)!.Value);
    }

    public static void Write(Utf8JsonWriter writer, bool? value) => writer.WriteBooleanValue(value!.Value);

    public static void Write(Utf8JsonWriter writer, double? value) => writer.WriteNumberValue(value!.Value);

    public static void Write(Utf8JsonWriter writer, int? value) => writer.WriteNumberValue(value!.Value);

    public static void Write(Utf8JsonWriter writer, EarlyStopping? value)
    {
        if (value == EarlyStopping.Never)
        {
            writer.WriteStringValue("never");
        }
        else
        {
            writer.WriteBooleanValue(value == EarlyStopping.True);
        }
    }

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<string>? value) => WriteList(writer, value!, writer.WriteStringValue);

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<int>? value)
    {
        // A single token is written as a number, as Hugging Face does.
        if (value!.Count == 1)
        {
            writer.WriteNumberValue(value[0]);
        }
        else
        {
            WriteList(writer, value, writer.WriteNumberValue);
        }
    }

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyList<int>>? value)
        => WriteList(writer, value!, tokens => WriteList(writer, tokens, writer.WriteNumberValue));

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<SequenceBias>? value) => WriteList(writer, value!, bias =>
    {
        writer.WriteStartArray();
        WriteList(writer, bias.Tokens, writer.WriteNumberValue);
        writer.WriteNumberValue(bias.Bias);
        writer.WriteEndArray();
    });

    public static void Write(Utf8JsonWriter writer, ExponentialDecay? value)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value!.Value.Start);
        writer.WriteNumberValue(value.Value.Factor);
        writer.WriteEndArray();
    }

    private static void WriteList<T>(Utf8JsonWriter writer, IReadOnlyList<T> items, Action<T> write)
    {
        writer.WriteStartArray();
        foreach (T item in items)
        {
            write(item);
        }

        writer.WriteEndArray();
    }

    private static int WholeNumber(string key, JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue
            ? (int)number
            : throw Wrong(key, value, "a whole number");

    private static int[] TokenList(string key, JsonElement value) => [.. Items(key, value).Select(item => WholeNumber(key, item))];

    private static (JsonElement First, JsonElement Second) Pair(string key, JsonElement value)
        => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 ? (value[0], value[1]) : throw Wrong(key, value, "a list of two");

    private static JsonElement.ArrayEnumerator Items(string key, JsonElement value)
        => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(key, value, "a list");

    private static InvalidDataException Wrong(string key, JsonElement value, string expected)
        => new($"generation setting '{key}' must be {expected}, not {value.GetRawText()}.");
}
