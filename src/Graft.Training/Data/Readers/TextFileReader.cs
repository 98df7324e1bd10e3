namespace Graft.Training.Data;

/// <summary>Reads plain text into one column <c>text</c>: by line, by paragraph, or whole. All line ends become line feeds.</summary>
internal static class TextFileReader
{
    /// <summary>Reads all of <paramref name="file"/>.</summary>
    public static void Read(DataFile file, DataSetOptions options, RowCollector rows)
    {
        int column = rows.Columns.IndexOrAdd("text");
        if (options.SampleBy == SampleBy.Line)
        {
            ReadLines(file, options.KeepLinebreaks, column, rows);
            return;
        }

        string text = Utf8Text.Decode(file, 0, file.Bytes.Length, 1).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (options.SampleBy == SampleBy.Document)
        {
            Add(text, file, 1, column, rows);
            return;
        }

        int start = 0;
        int line = 1;
        while (start < text.Length)
        {
            int end = text.IndexOf("\n\n", start, StringComparison.Ordinal);
            string paragraph = end < 0 ? text[start..] : text[start..end];
            Add(paragraph, file, line, column, rows);
            line += paragraph.AsSpan().Count('\n') + 2;
            start += paragraph.Length + 2;
        }
    }

    private static void ReadLines(DataFile file, bool keepLinebreaks, int column, RowCollector rows)
    {
        int start = 0;
        for (int line = 1; start < file.Bytes.Length; line++)
        {
            int length = file.Bytes[start..].IndexOfAny((byte)'\n', (byte)'\r');
            int end = length < 0 ? file.Bytes.Length : start + length;
            var source = new RowSource(file.Path, line);
            try
            {
                string text = Utf8Text.Decode(file, start, end, line);
                rows.Add(Values(keepLinebreaks && length >= 0 ? text + "\n" : text, column, rows), source);
            }
            catch (InvalidDataException e)
            {
                rows.Bad(source, e);
            }

            start = end + (file.Bytes[end..].StartsWith("\r\n"u8) ? 2 : 1);
        }
    }

    /// <summary>Adds a stretch of text as a row; stretches without any text are none.</summary>
    private static void Add(string text, DataFile file, int line, int column, RowCollector rows)
    {
        if (text.Length > 0)
        {
            rows.Add(Values(text, column, rows), new RowSource(file.Path, line));
        }
    }

    private static object?[] Values(string text, int column, RowCollector rows)
    {
        object?[] values = new object?[rows.Columns.Names.Count];
        values[column] = text;
        return values;
    }
}
