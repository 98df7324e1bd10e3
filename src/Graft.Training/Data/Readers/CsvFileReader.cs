namespace Graft.Training.Data;

/// <summary>Reads CSV files into rows of texts; <see cref="CsvColumnTypes"/> finds the types once all files are read.</summary>
internal static class CsvFileReader
{
    /// <summary>Reads all records of <paramref name="file"/>.</summary>
    public static void Read(DataFile file, DataSetOptions options, RowCollector rows)
    {
        var reader = new CsvRecordReader(file, Separator(file, options));
        string[]? names = ReadNames(ref reader, file, options);
        var records = new List<CsvRecord>();
        while (reader.Read(out CsvRecord record))
        {
            records.Add(record);
        }

        if (records.Count == 0)
        {
            return;
        }

        names ??= [.. Enumerable.Range(0, records[0].Fields.Length).Select(i => $"{i}")];
        bool index = records.TrueForAll(record => record.Fields.Length == names.Length + 1);
        if (index)
        {
            rows.Warn($"{file.Path}: every row has one field more than the {names.Length} column names, so the first field of each row is taken as a row index and left out, as pandas does; "
                + "if the rows end in a needless separator, remove it");
        }

        int[] columns = [.. names.Select(rows.Columns.IndexOrAdd)];
        foreach (CsvRecord record in records)
        {
            Add(file, record, index ? 1 : 0, columns, rows);
        }
    }

    private static byte Separator(DataFile file, DataSetOptions options)
    {
        char separator = options.Sep ?? (file.Path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || file.Path.EndsWith(".tsv.gz", StringComparison.OrdinalIgnoreCase) ? '\t' : ',');
        return separator is < (char)128 and not ('"' or '\n' or '\r')
            ? (byte)separator
            : throw new ArgumentException($"sep must be one ASCII character other than a quote or a line end, not '{separator}'", nameof(options));
    }

    /// <summary>The column names; null when the file has none and the options give none.</summary>
    private static string[]? ReadNames(ref CsvRecordReader reader, DataFile file, DataSetOptions options)
    {
        if (options.Names is { } names && names.Distinct().Count() < names.Count)
        {
            throw new ArgumentException($"names must differ from each other: {string.Join(", ", names)}", nameof(options));
        }

        int header = options.Header ?? (options.Names is null ? 0 : DataSetOptions.NoHeader);
        if (header < DataSetOptions.NoHeader)
        {
            throw new ArgumentException($"header is the number of a record, from 0, or {DataSetOptions.NoHeader} for none, not {header}", nameof(options));
        }

        CsvRecord record = default;
        for (int i = 0; i <= header; i++)
        {
            if (!reader.Read(out record))
            {
                throw new InvalidDataException($"{file.Path} has no header line: it is empty or shorter than the header option says");
            }
        }

        return options.Names is not null ? [.. options.Names] : header < 0 ? null : CsvColumnNames.Unique(record.Fields);
    }

    private static void Add(DataFile file, CsvRecord record, int skipped, int[] columns, RowCollector rows)
    {
        var source = new RowSource(file.Path, record.Line);
        if (record.Fields.Length - skipped > columns.Length)
        {
            rows.Bad(source, BadData.At(source, $"{record.Fields.Length} fields, but there are {columns.Length} columns; a field that contains the separator needs quotes"));
            return;
        }

        object?[] values = new object?[rows.Columns.Names.Count];
        for (int i = skipped; i < record.Fields.Length; i++)
        {
            values[columns[i - skipped]] = record.Fields[i];
        }

        rows.Add(values, source);
    }
}
