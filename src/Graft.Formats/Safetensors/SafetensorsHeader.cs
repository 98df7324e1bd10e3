using System.Text.Json;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>The JSON header of a safetensors file: parsed strictly, so that two readers cannot see two different files.</summary>
internal sealed class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly List<Record> _tensors = [];
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path) => _path = path;

    /// <summary>Tensors in header order.</summary>
    public IReadOnlyList<Record> Tensors => _tensors;

    /// <summary>The strings under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Parses a header.</summary>
    /// <param name="json">The whole header, valid UTF-8, with its padding.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InvalidDataException">Anything is not as the format says.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, string path)
    {
        var header = new SafetensorsHeader(path);
        var reader = new Utf8JsonReader(json);
        try
        {
            header.ParseObject(ref reader);
            if (reader.Read())
            {
                throw header.Invalid("something follows the JSON object of its header.");
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"'{path}' cannot be read as safetensors: its header is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message} Download or save the file again.", e);
        }
        catch (InvalidOperationException e)
        {
            // Utf8JsonReader's way to say that an escape is half of a surrogate pair.
            throw new InvalidDataException($"'{path}' cannot be read as safetensors: a string of its header is not valid text: {e.Message}", e);
        }

        return header;
    }

    /// <summary>Checks that the tensors cover the data exactly.</summary>
    /// <param name="dataLength">Bytes behind the header.</param>
    /// <exception cref="InvalidDataException">There is a hole, an overlap, a rest, or too little data.</exception>
    public void CheckCoverage(long dataLength)
    {
        Record[] ordered = [.. _tensors];
        Array.Sort(ordered, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach (Record tensor in ordered)
        {
            if (tensor.Begin != covered)
            {
                throw Invalid(
                    $"tensor '{tensor.Name}': data_offsets begins at {tensor.Begin}, but the tensors before it end at {covered}: "
                    + (tensor.Begin < covered ? "they share bytes. " : "the bytes between belong to no tensor. ") + "Save the file again.");
            }

            covered = tensor.End;
            if (covered > dataLength)
            {
                throw Invalid($"tensor '{tensor.Name}': data_offsets ends at {covered}, but the file has only {dataLength} bytes of data. It is truncated; download or save it again.");
            }
        }

        if (covered != dataLength)
        {
            throw Invalid($"{dataLength - covered} bytes follow the last tensor, and belong to none. Save the file again.");
        }
    }

    private void ParseObject(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            if (!names.Add(name))
            {
                throw Invalid($"the name '{name}' occurs twice in its header, and readers differ on which one counts. Save the file again.");
            }

            reader.Read();
            if (name == MetadataKey)
            {
                ParseMetadata(ref reader);
            }
            else
            {
                _tensors.Add(ParseTensor(ref reader, name));
            }
        }
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Invalid($"{MetadataKey} is {Describe(reader.TokenType)}, but must be an object of strings.");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Invalid($"{MetadataKey}: '{key}' is {Describe(reader.TokenType)}, but metadata values must be strings.");
            }

            if (!_metadata.TryAdd(key, reader.GetString()!))
            {
                throw Invalid($"{MetadataKey}: '{key}' occurs twice.");
            }
        }
    }

    private Record ParseTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Invalid($"tensor '{name}' is {Describe(reader.TokenType)}, but must be an object with dtype, shape and data_offsets.");
        }

        DType? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string field = reader.GetString()!;
            if ((field == "dtype" && dtype is not null) || (field == "shape" && shape is not null) || (field == "data_offsets" && offsets is not null))
            {
                throw Invalid($"tensor '{name}': {field} occurs twice.");
            }

            reader.Read();
            switch (field)
            {
                case "dtype":
                    dtype = ParseDType(ref reader, name);
                    break;
                case "shape":
                    shape = ParseIntegers(ref reader, name, field);
                    break;
                case "data_offsets":
                    offsets = ParseIntegers(ref reader, name, field);
                    break;
                default:
                    // The format's library ignores fields that it does not know, so files that have some are in use.
                    reader.Skip();
                    break;
            }
        }

        return new Record(
            name,
            dtype ?? throw Missing(name, "dtype"),
            shape ?? throw Missing(name, "shape"),
            offsets ?? throw Missing(name, "data_offsets"),
            this);
    }

    private DType ParseDType(ref Utf8JsonReader reader, string tensor)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw Invalid($"tensor '{tensor}': dtype is {Describe(reader.TokenType)}, but must be a string.");
        }

        string text = reader.GetString()!;
        return SafetensorsDTypes.TryParse(text, out DType dtype)
            ? dtype
            : throw Invalid($"tensor '{tensor}': dtype '{text}' is not known; known are {SafetensorsDTypes.Known}.");
    }

    private long[] ParseIntegers(ref Utf8JsonReader reader, string tensor, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Invalid($"tensor '{tensor}': {field} is {Describe(reader.TokenType)}, but must be a list of integers.");
        }

        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out ulong value) || value > long.MaxValue)
            {
                throw Invalid($"tensor '{tensor}': {field}[{values.Count}] is not an integer from 0 to 2^63-1.");
            }

            values.Add((long)value);
        }

        return [.. values];
    }

    private InvalidDataException Missing(string tensor, string field) => Invalid($"tensor '{tensor}' has no {field}.");

    private InvalidDataException Invalid(string what) => new($"'{_path}' cannot be read as safetensors: {what}");

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };

    /// <summary>One tensor of the header, whose shape, dtype and byte range agree.</summary>
    public sealed class Record
    {
        internal Record(string name, DType dtype, long[] shape, long[] offsets, SafetensorsHeader header)
        {
            if (offsets.Length != 2)
            {
                throw header.Invalid($"tensor '{name}': data_offsets has {offsets.Length} values, but must have 2.");
            }

            (Name, DType, Shape, Begin, End) = (name, dtype, Array.AsReadOnly(shape), offsets[0], offsets[1]);
            if (End < Begin)
            {
                throw header.Invalid($"tensor '{name}': data_offsets ends at {End}, before it begins at {Begin}.");
            }

            if (!TensorShape.TryCountBytes(shape, dtype, out long bytes))
            {
                throw header.Invalid($"tensor '{name}': shape [{TensorShape.Describe(shape)}] asks for more than 2^63 bytes.");
            }

            if (bytes != End - Begin)
            {
                throw header.Invalid($"tensor '{name}': shape [{TensorShape.Describe(shape)}] of {SafetensorsDTypes.NameOf(dtype)} takes {bytes} bytes, but data_offsets gives it {End - Begin}.");
            }
        }

        /// <summary>The name.</summary>
        public string Name { get; }

        /// <summary>The element type.</summary>
        public DType DType { get; }

        /// <summary>Sizes, outermost first.</summary>
        public IReadOnlyList<long> Shape { get; }

        /// <summary>First byte, from the start of the data.</summary>
        public long Begin { get; }

        /// <summary>The byte behind the last.</summary>
        public long End { get; }
    }
}
