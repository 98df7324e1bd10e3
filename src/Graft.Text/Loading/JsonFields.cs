using System.Text.Json;

namespace Graft.Text.Loading;

/// <summary>A JSON object of a tokenizer file with checked access: every error names the file, the field and what was expected.</summary>
internal readonly struct JsonFields
{
    private readonly JsonElement _element;
    private readonly string _file;

    private JsonFields(JsonElement element, string file, string path)
    {
        _element = element;
        _file = file;
        Path = path;
    }

    /// <summary>Where the object is within the file, such as <c>model.merges[3]</c>; empty for the whole file.</summary>
    internal string Path { get; }

    /// <summary>Parses a file's content and runs <paramref name="read"/> on its object.</summary>
    /// <exception cref="InvalidDataException">The content is not a JSON object, or <paramref name="read"/> refused it.</exception>
    internal static T Read<T>(ReadOnlyMemory<byte> content, string file, Func<JsonFields, T> read)
    {
        if (content.Span.StartsWith("\uFEFF"u8))
        {
            content = content[3..];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(new JsonFields(document.RootElement, file, string.Empty))
                : throw new InvalidDataException($"{file}: a JSON object was expected, but this is {Describe(document.RootElement)}");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{file}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}; the file may be truncated, fetch it again ({e.Message})", e);
        }
        catch (InvalidOperationException e)
        {
            // System.Text.Json reports text that is not valid UTF-8 or UTF-16 this way, and only when it is read.
            throw new InvalidDataException($"{file}: a string is not valid Unicode; the file may be damaged, fetch it again ({e.Message})", e);
        }
    }

    /// <summary>Whether the field is there and not null.</summary>
    internal bool Has(string name) => TryGet(name, out _);

    /// <summary>A text field.</summary>
    internal string Text(string name) => OptionalText(name) ?? throw Missing(name, "a string");

    /// <summary>A text field, or null.</summary>
    internal string? OptionalText(string name)
        => !TryGet(name, out JsonElement value) ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a string", value);

    /// <summary>A field with a single character.</summary>
    internal char Character(string name, char? otherwise = null)
    {
        string? text = OptionalText(name);
        if (text is null)
        {
            return otherwise ?? throw Missing(name, "a character");
        }

        return text.Length == 1 ? text[0] : throw Error($"'{name}' must be a single character, but is '{text}'");
    }

    /// <summary>A flag.</summary>
    internal bool Flag(string name, bool otherwise)
        => !TryGet(name, out JsonElement value) ? otherwise : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(name, "true or false", value),
        };

    /// <summary>A whole number from 0 on, or null.</summary>
    internal int? OptionalNumber(string name) => TryGet(name, out JsonElement value) ? Id(value, name) : null;

    /// <summary>A whole number from 0 on.</summary>
    internal int Number(string name) => OptionalNumber(name) ?? throw Missing(name, "a number");

    /// <summary>A number, or null.</summary>
    internal double? OptionalReal(string name)
        => !TryGet(name, out JsonElement value) ? null : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Wrong(name, "a number", value);

    /// <summary>An object field.</summary>
    internal JsonFields Object(string name) => OptionalObject(name) ?? throw Missing(name, "an object");

    /// <summary>An object field, or null.</summary>
    internal JsonFields? OptionalObject(string name)
        => !TryGet(name, out JsonElement value) ? null : value.ValueKind == JsonValueKind.Object ? Inner(value, name) : throw Wrong(name, "an object", value);

    /// <summary>The objects of a list field; none if it is absent.</summary>
    internal IEnumerable<JsonFields> Objects(string name)
    {
        int index = 0;
        foreach (JsonElement item in Elements(name))
        {
            string where = $"{name}[{index++}]";
            yield return item.ValueKind == JsonValueKind.Object ? Inner(item, where) : throw Wrong(where, "an object", item);
        }
    }

    /// <summary>The elements of a list field; none if it is absent.</summary>
    internal IEnumerable<JsonElement> Elements(string name)
        => !TryGet(name, out JsonElement value) ? [] : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(name, "a list", value);

    /// <summary>Every field of this object.</summary>
    internal IEnumerable<JsonProperty> Properties() => _element.EnumerateObject();

    /// <summary>A field as it stands; false if it is absent or null.</summary>
    internal bool TryGet(string name, out JsonElement value) => _element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A value as an id.</summary>
    internal int Id(JsonElement value, string where)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetUInt32(out uint number))
        {
            throw Error($"'{where}' must be a whole number from 0 to {uint.MaxValue}, but is {Shorten(value.GetRawText())}");
        }

        return number <= int.MaxValue ? (int)number : throw Error($"'{where}' is {number}; numbers above {int.MaxValue} are not supported");
    }

    /// <summary>An error about this object.</summary>
    internal InvalidDataException Error(string what) => new($"{_file}: {(Path.Length == 0 ? string.Empty : Path + ": ")}{what}");

    /// <summary>An error about a field of the wrong type.</summary>
    internal InvalidDataException Wrong(string name, string expected, JsonElement actual) => Error($"'{name}' must be {expected}, but is {Describe(actual)}");

    private InvalidDataException Missing(string name, string expected) => Error($"'{name}' is missing; {expected} was expected");

    private JsonFields Inner(JsonElement element, string name) => new(element, _file, Path.Length == 0 ? name : $"{Path}.{name}");

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        _ => value.GetRawText(),
    };

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
