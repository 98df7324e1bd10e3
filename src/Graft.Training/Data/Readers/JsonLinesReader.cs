using System.Text.Json;

namespace Graft.Training.Data;

/// <summary>Reads JSON lines: one object a line, blank lines skipped.</summary>
internal static class JsonLinesReader
{
    /// <summary>Reads all lines of <paramref name="file"/>; a line that is wrong does not affect the others.</summary>
    public static void Read(DataFile file, RowCollector rows)
    {
        int start = 0;
        for (int line = 1; start < file.Bytes.Length; line++)
        {
            int length = file.Bytes[start..].IndexOf((byte)'\n');
            int end = length < 0 ? file.Bytes.Length : start + length;
            if (file.Bytes[start..end].ContainsAnyExcept(" \t\r"u8))
            {
                var source = new RowSource(file.Path, line);
                try
                {
                    Utf8Text.Check(file, start, end, line);
                    rows.Add(ReadLine(file, start, end, line), source);
                }
                catch (InvalidDataException e)
                {
                    rows.Bad(source, e);
                }
            }

            start = end + 1;
        }
    }

    private static OrderedDictionary<string, object?> ReadLine(DataFile file, int start, int end, int line)
    {
        ReadOnlySpan<byte> text = file.Bytes[start..end];
        var reader = new Utf8JsonReader(text, JsonValueReader.Options);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                string hint = line == 1 && reader.TokenType == JsonTokenType.StartArray ? "; if the file is one JSON array, name it .json" : string.Empty;
                throw BadData.At(file.Path, line, Column(text, reader.TokenStartIndex), $"a row is an object like {{\"text\": \"...\"}}, but this is {JsonErrors.NameOf(reader.TokenType)}{hint}");
            }

            OrderedDictionary<string, object?> row = JsonValueReader.ReadObject(ref reader);
            return reader.Read()
                ? throw BadData.At(file.Path, line, Column(text, reader.TokenStartIndex), "more JSON after the object: one object a line, or name the file .json")
                : row;
        }
        catch (JsonException e)
        {
            throw BadData.At(file.Path, line, Column(text, e.BytePositionInLine ?? 0), JsonErrors.Explain(e, text));
        }
        catch (FormatException e)
        {
            throw BadData.At(file.Path, line, Column(text, reader.TokenStartIndex), e.Message);
        }
    }

    private static int Column(ReadOnlySpan<byte> line, long position) => Utf8Text.CharactersIn(line[..(int)Math.Min(position, line.Length)]) + 1;
}
