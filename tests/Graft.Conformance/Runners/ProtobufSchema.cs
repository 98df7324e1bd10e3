using System.Globalization;
using System.Text.Json.Nodes;
using Graft.Training.Tracking;

namespace Graft.Conformance.Runners;

/// <summary>Turns protobuf messages into JSON by a table of their fields, with the names and number formats of protobuf's own JSON mapping.</summary>
internal sealed class ProtobufSchema
{
    private readonly Dictionary<string, Dictionary<int, Field>> _messages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<int, string>> _enums = new(StringComparer.Ordinal);

    /// <summary>Reads the table.</summary>
    /// <param name="table">A message a line: <c>Name: type name number, type[] name number, ...</c>, or several with the same name; an enum a line: <c>enum Name: VALUE number, ...</c>.</param>
    public ProtobufSchema(string table)
    {
        foreach (string line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int colon = line.IndexOf(':');
            string[] members = line[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (line.StartsWith("enum ", StringComparison.Ordinal))
            {
                _enums[line[5..colon]] = members.Select(member => member.Split(' ')).ToDictionary(member => int.Parse(member[1]), member => member[0]);
                continue;
            }

            Dictionary<int, Field> fields = _messages.TryGetValue(line[..colon], out Dictionary<int, Field>? begun) ? begun : _messages[line[..colon]] = [];
            foreach (string[] member in members.Select(member => member.Split(' ')))
            {
                fields.Add(int.Parse(member[2]), new Field(member[1], member[0].Replace("[]", string.Empty), member[0].EndsWith("[]", StringComparison.Ordinal)));
            }
        }
    }

    /// <summary>A message as JSON.</summary>
    /// <param name="type">Its name in the table.</param>
    /// <param name="bytes">The message.</param>
    public JsonObject Read(string type, ReadOnlySpan<byte> bytes)
    {
        var json = new JsonObject();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if (!_messages[type].TryGetValue(reader.Field, out Field? field))
            {
                throw new MismatchException($"message {type} has a field {reader.Field} that the table of fields lacks");
            }

            if (!field.IsRepeated)
            {
                json[field.Name] = Value(field.Type, reader);
                continue;
            }

            var list = (JsonArray?)json[field.Name];
            if (list is null)
            {
                json[field.Name] = list = [];
            }

            foreach (JsonNode value in Elements(field.Type, reader))
            {
                list.Add(value);
            }
        }

        return json;
    }

    /// <summary>The elements of a list that one field holds: several where they are packed.</summary>
    private List<JsonNode> Elements(string type, ProtobufReader reader)
    {
        if (reader.WireType != ProtobufWireType.LengthDelimited || type is not ("double" or "float" or "int32" or "int64" or "bool"))
        {
            return [Value(type, reader)];
        }

        // Each number is read as the field of a message of its own.
        int wire = type switch
        {
            "double" => 1,
            "float" => 5,
            _ => 0,
        };
        var values = new List<JsonNode>();
        ReadOnlySpan<byte> rest = reader.Bytes;
        while (!rest.IsEmpty)
        {
            int length = wire == 1 ? 8 : wire == 5 ? 4 : rest.IndexOfAnyInRange((byte)0, (byte)0x7F) + 1;
            var element = new ProtobufReader([(byte)(8 | wire), .. rest[..length]]);
            element.Next();
            values.Add(Value(type, element));
            rest = rest[length..];
        }

        return values;
    }

    private JsonNode Value(string type, ProtobufReader reader) => type switch
    {
        "int64" => JsonValue.Create(((long)reader.Bits).ToString(CultureInfo.InvariantCulture)),
        "int32" => JsonValue.Create((int)reader.Bits),
        "bool" => JsonValue.Create(reader.Bits != 0),
        "double" => Number(reader.Double),
        "float" => Number(reader.Single),
        "string" => JsonValue.Create(reader.Text),
        "bytes" => JsonValue.Create(Convert.ToBase64String(reader.Bytes)),
        "time" => JsonValue.Create(Time(reader.Bytes)),
        _ when _enums.TryGetValue(type, out Dictionary<int, string>? names) => names.TryGetValue((int)reader.Bits, out string? name) ? JsonValue.Create(name) : JsonValue.Create((int)reader.Bits),
        _ => Read(type, reader.Bytes),
    };

    private static JsonValue Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");

    /// <summary>The shortest decimal that reads back as the same float32.</summary>
    private static JsonValue Number(float value) => Number(double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));

    private static string Time(ReadOnlySpan<byte> bytes)
    {
        (long seconds, long nanos) = (0, 0);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            (seconds, nanos) = reader.Field == 1 ? ((long)reader.Bits, nanos) : (seconds, (long)reader.Bits);
        }

        string whole = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        return nanos == 0 ? $"{whole}Z" : nanos % 1_000_000 == 0 ? $"{whole}.{nanos / 1_000_000:000}Z" : nanos % 1000 == 0 ? $"{whole}.{nanos / 1000:000000}Z" : $"{whole}.{nanos:000000000}Z";
    }

    private sealed record Field(string Name, string Type, bool IsRepeated);
}
