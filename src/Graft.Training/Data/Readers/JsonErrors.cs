using System.Text.Json;

namespace Graft.Training.Data;

/// <summary>Says in the reader's words what is wrong with JSON.</summary>
internal static class JsonErrors
{
    /// <summary>What <paramref name="error"/> says, without its own position, and the likely cause.</summary>
    /// <param name="error">The parser's error.</param>
    /// <param name="line">The line that it is about.</param>
    public static string Explain(JsonException error, ReadOnlySpan<byte> line)
    {
        string message = error.Message;
        int position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string hint = string.Empty;
        if (error.BytePositionInLine is { } column && column < line.Length)
        {
            hint = line[(int)column] switch
            {
                (byte)'\'' => " JSON wants double quotes.",
                (byte)'N' or (byte)'I' => " JSON has no NaN or Infinity: write null.",
                (byte)'T' or (byte)'F' => " JSON writes true and false in small letters.",
                _ => string.Empty,
            };
        }

        return $"not valid JSON: {(position < 0 ? message : message[..position])}{hint}";
    }

    /// <summary>The token in words, with its article.</summary>
    public static string NameOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "a list",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        JsonTokenType.Null => "null",
        _ => "nothing",
    };
}
