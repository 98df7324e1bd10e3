using System.Text.Json;

namespace Graft.Models;

/// <summary>Reads config.json field by field. Every field may have several spellings; every complaint names the field and the file.</summary>
public sealed class ConfigReader
{
    private readonly JsonElement _root;
    private readonly string _path;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    private ConfigReader(JsonElement root, string path)
    {
        _root = root;
        _path = path;
    }

    /// <summary>The whole object.</summary>
    public JsonElement Root => _root;

    /// <summary>Fields of the file that nobody has asked for so far: what they say has no effect.</summary>
    public IEnumerable<string> UnreadFields => _root.EnumerateObject().Select(member => member.Name).Where(name => !_asked.Contains(name));

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <param name="path">A config.json.</param>
    /// <exception cref="InvalidDataException">Not a JSON object.</exception>
    public static ConfigReader Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path} does not exist: a model folder needs a config.json", path);
        }

        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Parses the text of a config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">What to call it in errors.</param>
    public static ConfigReader Parse(string json, string path = "config.json")
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigReader(document.RootElement.Clone(), path)
                : throw new InvalidDataException($"{path}: a JSON object is expected, found {document.RootElement.ValueKind}");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine}): {e.Message}", e);
        }
    }

    /// <summary>Whether one of <paramref name="names"/> is there and not null.</summary>
    /// <param name="names">Spellings of the field.</param>
    public bool Has(params ReadOnlySpan<string> names) => Find(names, out _, out _);

    /// <summary>Whether the field is there, be it null.</summary>
    /// <param name="name">The field.</param>
    public bool Mentions(string name) => _root.TryGetProperty(name, out _);

    /// <summary>A positive integer that must be there.</summary>
    /// <param name="names">Spellings of the field, the usual one first.</param>
    public int Size(params ReadOnlySpan<string> names)
    {
        int value = Find(names, out JsonElement element, out string name) ? Integer(element, name) : throw Missing(names);
        return value > 0 ? value : throw Error($"{name} must be positive, but is {value}");
    }

    /// <summary>A positive integer with a default.</summary>
    /// <param name="fallback">Value when it is absent or null.</param>
    /// <param name="names">Spellings of the field.</param>
    public int SizeOr(int fallback, params ReadOnlySpan<string> names) => Has(names) ? Size(names) : fallback;

    /// <summary>An integer, or null when it is absent.</summary>
    /// <param name="names">Spellings of the field.</param>
    public int? OptionalInteger(params ReadOnlySpan<string> names) => Find(names, out JsonElement element, out string name) ? Integer(element, name) : null;

    /// <summary>A number with a default.</summary>
    /// <param name="fallback">Value when it is absent or null.</param>
    /// <param name="names">Spellings of the field.</param>
    public double Number(double fallback, params ReadOnlySpan<string> names)
        => !Find(names, out JsonElement element, out string name) ? fallback
            : element.ValueKind == JsonValueKind.Number ? element.GetDouble()
            : throw Error($"{name} must be a number, but is {element.GetRawText()}");

    /// <summary>A flag with a default.</summary>
    /// <param name="fallback">Value when it is absent or null.</param>
    /// <param name="names">Spellings of the field.</param>
    public bool Flag(bool fallback, params ReadOnlySpan<string> names)
        => !Find(names, out JsonElement element, out string name) ? fallback
            : element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean()
            : throw Error($"{name} must be true or false, but is {element.GetRawText()}");

    /// <summary>A text with a default.</summary>
    /// <param name="fallback">Value when it is absent or null.</param>
    /// <param name="names">Spellings of the field.</param>
    public string Text(string fallback, params ReadOnlySpan<string> names)
        => !Find(names, out JsonElement element, out string name) ? fallback
            : element.ValueKind == JsonValueKind.String ? element.GetString()!
            : throw Error($"{name} must be a text, but is {element.GetRawText()}");

    /// <summary>An integer or a list of integers, as stop ids are given; empty when absent.</summary>
    /// <param name="names">Spellings of the field.</param>
    public int[] IntegerOrList(params ReadOnlySpan<string> names)
    {
        if (!Find(names, out JsonElement element, out string name))
        {
            return [];
        }

        return element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().Select(e => Integer(e, name))] : [Integer(element, name)];
    }

    /// <summary>A list of texts, one for each layer, or null when it is absent.</summary>
    /// <param name="layers">How many there must be.</param>
    /// <param name="known">What they may be.</param>
    /// <param name="name">The field.</param>
    public string[]? TextOfEachLayer(int layers, ReadOnlySpan<string> known, string name)
    {
        if (!Find([name], out JsonElement element, out _))
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Array || element.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            throw Error($"{name} must be a list of texts, but is {element.GetRawText()}");
        }

        if (element.GetArrayLength() != layers)
        {
            throw Error($"{name} has {element.GetArrayLength()} entries, but the model has {layers} layers");
        }

        string[] texts = [.. element.EnumerateArray().Select(item => item.GetString()!)];
        foreach (string text in texts)
        {
            if (!known.Contains(text))
            {
                throw Error($"{name}: '{text}' is unknown; known are {string.Join(", ", known.ToArray())}");
            }
        }

        return texts;
    }

    /// <summary>An activation function by its Hugging Face name.</summary>
    /// <param name="fallback">Name when it is absent.</param>
    /// <param name="names">Spellings of the field.</param>
    public Tensors.ActivationKind Activation(string fallback, params ReadOnlySpan<string> names)
    {
        string value = Text(fallback, names);
        try
        {
            return Tensors.ActivationKinds.Parse(value);
        }
        catch (ArgumentException e)
        {
            throw Error($"{names[0]}: {e.Message}");
        }
    }

    /// <summary>A nested object, or null when it is absent.</summary>
    /// <param name="names">Spellings of the field.</param>
    public ConfigReader? Section(params ReadOnlySpan<string> names)
        => !Find(names, out JsonElement element, out string name) ? null
            : element.ValueKind == JsonValueKind.Object ? new ConfigReader(element, $"{_path}: {name}")
            : throw Error($"{name} must be an object, but is {element.GetRawText()}");

    /// <summary>An error about this file.</summary>
    /// <param name="message">What is wrong and how to mend it.</param>
    public InvalidDataException Error(string message) => new($"{_path}: {message}");

    private InvalidDataException Missing(ReadOnlySpan<string> names) => Error($"{string.Join(" or ", names.ToArray())} is missing");

    private int Integer(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value)
            ? value
            : throw Error($"{name} must be an integer, but is {element.GetRawText()}");

    private bool Find(ReadOnlySpan<string> names, out JsonElement element, out string name)
    {
        foreach (string candidate in names)
        {
            _asked.Add(candidate);
            if (_root.TryGetProperty(candidate, out element) && element.ValueKind != JsonValueKind.Null)
            {
                name = candidate;
                return true;
            }
        }

        element = default;
        name = names[0];
        return false;
    }
}
