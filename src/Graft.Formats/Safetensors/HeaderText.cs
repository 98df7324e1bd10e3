using System.Text;

namespace Graft.Formats;

/// <summary>Writes JSON text escaped exactly as the safetensors library does: only what JSON requires, so equal files come out equal.</summary>
internal readonly struct HeaderText(Stream stream)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes <paramref name="text"/> as it is.</summary>
    public HeaderText Raw(string text)
    {
        stream.Write(Utf8.GetBytes(text));
        return this;
    }

    /// <summary>Writes <paramref name="text"/> as a JSON string.</summary>
    /// <exception cref="ArgumentException">It holds half a surrogate pair.</exception>
    public HeaderText String(string text)
    {
        var escaped = new StringBuilder(text.Length + 2).Append('"');
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\b' => escaped.Append("\\b"),
                '\f' => escaped.Append("\\f"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                < ' ' => escaped.Append($"\\u{(int)character:x4}"),
                _ => escaped.Append(character),
            };
        }

        return Raw(escaped.Append('"').ToString());
    }
}
