using System.Text.Json;

namespace Graft.Training.Data;

/// <summary>Reads a JSON file: an array of objects, one object, objects one after the other, or the rows under a key.</summary>
internal static class JsonFileReader
{
    /// <summary>Reads <paramref name="file"/>. Wrong JSON ends the reading, for nothing after it can be trusted; a row that is no object may be skipped.</summary>
    public static void Read(DataFile file, string? field, RowCollector rows)
    {
        Utf8Text.Check(file, 0, file.Bytes.Length, 1);
        if (!file.Bytes.ContainsAnyExcept(" \t\r\n"u8))
        {
            return;
        }

        var reader = new Utf8JsonReader(file.Bytes, JsonValueReader.Options);
        try
        {
            if (field is null)
            {
                ReadRows(ref reader, file, rows);
            }
            else
            {
                ReadField(ref reader, file, field, rows);
            }
        }
        catch (JsonException e)
        {
            throw Located(file, e);
        }
        catch (FormatException e)
        {
            var lines = new LineCounter(file.Bytes);
            int line = lines.LineOf((int)reader.TokenStartIndex);
            throw BadData.At(file.Path, line, lines.ColumnOf((int)reader.TokenStartIndex), e.Message);
        }
    }

    private static void ReadRows(ref Utf8JsonReader reader, DataFile file, RowCollector rows)
    {
        var lines = new LineCounter(file.Bytes);
        while (reader.Read())
        {
            ReadRowOrRows(ref reader, file, ref lines, rows);
        }
    }

    private static void ReadField(ref Utf8JsonReader reader, DataFile file, string field, RowCollector rows)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw BadData.At(file.Path, 1, 1, $"field '{field}' is to hold the rows, but the file is {JsonErrors.NameOf(reader.TokenType)}: leave the option out");
        }

        var lines = new LineCounter(file.Bytes);
        var keys = new List<string>();
        bool found = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            keys.Add(key);
            reader.Read();
            if (key == field)
            {
                found = true;
                ReadRowOrRows(ref reader, file, ref lines, rows);
            }
            else
            {
                reader.Skip();
            }
        }

        if (!found)
        {
            throw BadData.At(file.Path, 1, 1, $"no field '{field}'{NearestName.Suggestion(field, keys)}; fields: {string.Join(", ", keys)}");
        }
    }

    private static void ReadRowOrRows(ref Utf8JsonReader reader, DataFile file, ref LineCounter lines, RowCollector rows)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            ReadRow(ref reader, file, ref lines, rows);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ReadRow(ref reader, file, ref lines, rows);
        }
    }

    private static void ReadRow(ref Utf8JsonReader reader, DataFile file, ref LineCounter lines, RowCollector rows)
    {
        int start = (int)reader.TokenStartIndex;
        var source = new RowSource(file.Path, lines.LineOf(start));
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            rows.Add(JsonValueReader.ReadObject(ref reader), source);
            return;
        }

        rows.Bad(source, BadData.At(file.Path, source.Line, lines.ColumnOf(start), $"a row is an object like {{\"text\": \"...\"}}, but this is {JsonErrors.NameOf(reader.TokenType)}"));
        reader.Skip();
    }

    private static InvalidDataException Located(DataFile file, JsonException error)
    {
        int line = (int)(error.LineNumber ?? 0);
        ReadOnlySpan<byte> rest = file.Bytes;
        for (int i = 0; i < line; i++)
        {
            rest = rest[(rest.IndexOf((byte)'\n') + 1)..];
        }

        int end = rest.IndexOf((byte)'\n');
        ReadOnlySpan<byte> text = end < 0 ? rest : rest[..end];
        int column = Utf8Text.CharactersIn(text[..(int)Math.Min(error.BytePositionInLine ?? 0, text.Length)]) + 1;
        return BadData.At(file.Path, line + 1, column, JsonErrors.Explain(error, text));
    }
}
