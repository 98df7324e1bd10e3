namespace Graft.Training.Data;

/// <summary>Rows read from files, each with the place where it was written.</summary>
/// <remarks>
/// Types follow what <c>datasets.load_dataset</c> makes of the same files, with one exception: texts that look like dates stay texts,
/// because that is what a model is to learn.
/// </remarks>
public sealed class DataSet
{
    private readonly RowCollector _rows;

    private DataSet(RowCollector rows) => _rows = rows;

    /// <summary>Column names in the order in which they were first seen.</summary>
    public IReadOnlyList<string> Columns => _rows.Columns.Names;

    /// <summary>The rows, in the order of the files.</summary>
    public IReadOnlyList<Row> Rows => _rows.Rows;

    /// <summary>Rows left out because they could not be read (<see cref="BadRowPolicy.Skip"/>).</summary>
    public IReadOnlyList<SkippedRow> SkippedRows => _rows.Skipped;

    /// <summary>What the user should know though nothing failed, such as a column that was taken for an index.</summary>
    public IReadOnlyList<string> Warnings => _rows.Warnings;

    /// <summary>Reads <paramref name="files"/>, in order, into one data set whose columns are the union of theirs.</summary>
    /// <param name="files">Paths; gzip files are read by their content.</param>
    /// <param name="options">How to read them; null for the defaults.</param>
    /// <exception cref="ArgumentException">No files, files of several formats, an extension that says nothing, or a wrong option.</exception>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A row is wrong (with file, line and column), or there are no rows.</exception>
    /// <exception cref="NotSupportedException">A format or compression that is not supported.</exception>
    public static DataSet Load(IReadOnlyList<string> files, DataSetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        options ??= new DataSetOptions();
        if (files.Count == 0)
        {
            throw new ArgumentException("no data files given", nameof(files));
        }

        DataSetFormat format = FormatOfAll(files, options);
        var rows = new RowCollector(options.BadRows);
        foreach (string path in files)
        {
            DataFile file = DataFile.Open(path);
            switch (format)
            {
                case DataSetFormat.JsonLines:
                    JsonLinesReader.Read(file, rows);
                    break;
                case DataSetFormat.Json:
                    JsonFileReader.Read(file, options.Field, rows);
                    break;
                case DataSetFormat.Csv:
                    CsvFileReader.Read(file, options, rows);
                    break;
                default:
                    TextFileReader.Read(file, options, rows);
                    break;
            }
        }

        if (rows.Rows.Count == 0)
        {
            string skipped = rows.Skipped.Count == 0 ? string.Empty : $"; {rows.Skipped.Count} skipped, the first: {rows.Skipped[0].Reason}";
            throw new InvalidDataException($"no rows in {string.Join(", ", files)}{skipped}");
        }

        switch (format)
        {
            case DataSetFormat.Csv:
                CsvColumnTypes.Apply(rows);
                break;
            case DataSetFormat.Json or DataSetFormat.JsonLines:
                JsonColumnTypes.Apply(rows);
                break;
        }

        return new DataSet(rows);
    }

    /// <summary>Makes a data set of rows that come from code; row <c>i</c> is called <c>name:i+1</c>.</summary>
    /// <param name="rows">Values as <see cref="Row"/> lists them, by column.</param>
    /// <param name="name">What messages call the source.</param>
    /// <exception cref="InvalidDataException">There are no rows.</exception>
    public static DataSet FromRows(IEnumerable<IReadOnlyDictionary<string, object?>> rows, string name = "rows")
    {
        ArgumentNullException.ThrowIfNull(rows);
        var collected = new RowCollector(BadRowPolicy.Fail);
        foreach (IReadOnlyDictionary<string, object?> row in rows)
        {
            collected.Add(row, new RowSource(name, collected.Rows.Count + 1));
        }

        return collected.Rows.Count > 0 ? new DataSet(collected) : throw new InvalidDataException($"no rows in {name}");
    }

    private static DataSetFormat FormatOfAll(IReadOnlyList<string> files, DataSetOptions options)
    {
        if (options.Format is { } given)
        {
            return given;
        }

        DataSetFormat first = DataFile.FormatOf(files[0]);
        foreach (string file in files)
        {
            if (DataFile.FormatOf(file) != first)
            {
                throw new ArgumentException($"one data set has one format, but {files[0]} is {first} and {file} is {DataFile.FormatOf(file)}: convert one of them", nameof(files));
            }
        }

        return first;
    }
}
