using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Graft.Training.Data;

/// <summary>Turns JSON into the values that <see cref="Row"/> lists.</summary>
internal static class JsonValueReader
{
    // Parsing digits takes time that grows with the square of their number; Python refuses more than this too.
    private const int MostDigits = 4300;

    /// <summary>Options of every reader: standard JSON, nesting up to 64.</summary>
    public static JsonReaderOptions Options { get; } = new() { CommentHandling = JsonCommentHandling.Disallow, AllowTrailingCommas = false, AllowMultipleValues = true };

    /// <summary>Reads the value at the reader's current token and leaves the reader at its last token.</summary>
    /// <exception cref="JsonException">Wrong JSON.</exception>
    /// <exception cref="FormatException">Text or number that cannot be represented.</exception>
    public static object? Read(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => ReadObject(ref reader),
        JsonTokenType.StartArray => ReadList(ref reader),
        JsonTokenType.String => ReadString(ref reader),
        JsonTokenType.Number => ReadNumber(ref reader),
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    };

    /// <summary>Reads the object at the reader's current token. Of equal keys the last counts, as in Python.</summary>
    public static OrderedDictionary<string, object?> ReadObject(ref Utf8JsonReader reader)
    {
        var values = new OrderedDictionary<string, object?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = ReadString(ref reader);
            reader.Read();
            values[name] = Read(ref reader);
        }

        return values;
    }

    private static List<object?> ReadList(ref Utf8JsonReader reader)
    {
        var values = new List<object?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            values.Add(Read(ref reader));
        }

        return values;
    }

    private static string ReadString(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException("half of a surrogate pair, which is no character: write both halves or the character itself", e);
        }
    }

    private static object ReadNumber(ref Utf8JsonReader reader)
    {
        if (reader.TryGetInt64(out long integer))
        {
            // -0 is an integer in JSON text; only a float keeps the sign.
            return integer;
        }

        ReadOnlySpan<byte> digits = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        if (digits.IndexOfAny(".eE"u8) >= 0)
        {
            return reader.GetDouble();
        }

        return digits.Length <= MostDigits
            ? BigInteger.Parse(Encoding.ASCII.GetString(digits), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : throw new FormatException($"an integer of {digits.Length} digits; at most {MostDigits} are read");
    }
}
