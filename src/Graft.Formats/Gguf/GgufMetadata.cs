namespace Graft.Formats;

/// <summary>Reads the metadata of a GGUF file by key and type; every complaint names the key and the file.</summary>
/// <param name="file">The file.</param>
public sealed class GgufMetadata(GgufFile file)
{
    /// <summary>The file.</summary>
    public GgufFile File { get; } = file;

    /// <summary>Whether there is such a key.</summary>
    /// <param name="key">The key.</param>
    public bool Has(string key) => File.Metadata.ContainsKey(key);

    /// <summary>A text, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public string? OptionalText(string key) => !Find(key, out object? value) ? null : value as string ?? throw Wrong(key, "a text", value);

    /// <summary>A text that must be there.</summary>
    /// <param name="key">The key.</param>
    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    /// <summary>An integer of any width, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public int? OptionalInteger(string key)
    {
        if (!Find(key, out object? value))
        {
            return null;
        }

        long number = value switch
        {
            byte n => n,
            sbyte n => n,
            ushort n => n,
            short n => n,
            uint n => n,
            int n => n,
            ulong n when n <= int.MaxValue => (long)n,
            long n => n,
            _ => throw Wrong(key, "an integer", value),
        };
        return number is >= int.MinValue and <= int.MaxValue ? (int)number : throw Wrong(key, "an integer of 32 bits", value);
    }

    /// <summary>A positive integer that must be there.</summary>
    /// <param name="key">The key.</param>
    public int Size(string key)
    {
        int size = OptionalInteger(key) ?? throw Missing(key);
        return size > 0 ? size : throw Wrong(key, "positive", size);
    }

    /// <summary>A number, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public double? OptionalNumber(string key) => !Find(key, out object? value) ? null : value switch
    {
        float number => number,
        double number => number,
        _ => OptionalInteger(key),
    };

    /// <summary>A flag, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public bool? OptionalFlag(string key) => !Find(key, out object? value) ? null : value is bool flag ? flag : throw Wrong(key, "true or false", value);

    /// <summary>A list of texts, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public string[]? OptionalTexts(string key) => !Find(key, out object? value) ? null : value as string[] ?? throw Wrong(key, "a list of texts", value);

    /// <summary>A list of numbers in fp32, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public float[]? OptionalSingles(string key) => !Find(key, out object? value) ? null : value as float[] ?? throw Wrong(key, "a list of fp32 numbers", value);

    /// <summary>A list of 32-bit integers, or null when it is absent.</summary>
    /// <param name="key">The key.</param>
    public int[]? OptionalIntegers(string key) => !Find(key, out object? value) ? null : value switch
    {
        int[] numbers => numbers,
        uint[] numbers => Array.ConvertAll(numbers, number => (int)number),
        _ => throw Wrong(key, "a list of 32-bit integers", value),
    };

    /// <summary>An error about the file.</summary>
    /// <param name="what">What is wrong and how to mend it.</param>
    public InvalidDataException Error(string what) => new($"'{File.Path}': {what}");

    private bool Find(string key, out object? value)
    {
        bool found = File.Metadata.TryGetValue(key, out GgufValue? entry);
        value = entry?.Value;
        return found;
    }

    private InvalidDataException Missing(string key) => Error($"the metadata lack {key}. The file is incomplete; convert the model again");

    private InvalidDataException Wrong(string key, string expected, object? value)
        => Error($"{key} must be {expected}, but is {(value is Array list ? $"a list of {list.Length}" : value)}");
}
