using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Graft.Cli.Configuration;

/// <summary>Values as YAML on one line.</summary>
internal static class YamlText
{
    private static readonly SearchValues<char> PlainLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-");

    /// <summary>A text: as it is where that is safe, otherwise in double quotes with JSON's escapes, which are YAML's too.</summary>
    public static string Of(string text)
    {
        bool isPlain = text.Length > 0
            && !text.AsSpan().ContainsAnyExcept(PlainLetters)
            && (char.IsAsciiLetter(text[0]) || text[0] is '/' or '_')
            && text.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off" or "null" or "y" or "n");
        return isPlain ? text : $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
    }

    /// <summary>A number that every YAML reader takes for one: with a point where it has an exponent.</summary>
    public static string Of(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        int exponent = text.IndexOf('e');
        return exponent < 0 || text.Contains('.') ? text : text.Insert(exponent, ".0");
    }

    public static string? Optional(string? text) => text is null ? null : Of(text);

    public static string List(IEnumerable<string> items) => $"[{string.Join(", ", items.Select(Of))}]";

    public static string? OptionalList(IReadOnlyList<string> items) => items.Count == 0 ? null : List(items);

    public static string? OptionalMap<T>(IReadOnlyDictionary<string, T> map, Func<T, string> write)
        => map.Count == 0 ? null : $"{{{string.Join(", ", map.Select(pair => $"{Of(pair.Key)}: {write(pair.Value)}"))}}}";
}
