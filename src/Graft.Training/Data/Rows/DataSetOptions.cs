namespace Graft.Training.Data;

/// <summary>How a file is to be read.</summary>
public enum DataSetFormat
{
    /// <summary>One JSON object a line (<c>.jsonl</c>, <c>.ndjson</c>).</summary>
    JsonLines,

    /// <summary>An array of objects, one object, or objects one after the other (<c>.json</c>).</summary>
    Json,

    /// <summary>Separated values by the rules of pandas (<c>.csv</c>, <c>.tsv</c>).</summary>
    Csv,

    /// <summary>Plain text in one column <c>text</c> (<c>.txt</c>, <c>.text</c>, <c>.md</c>).</summary>
    Text,
}

/// <summary>What makes a row of a text file.</summary>
public enum SampleBy
{
    /// <summary>Every line, blank ones too.</summary>
    Line,

    /// <summary>Every stretch between empty lines.</summary>
    Paragraph,

    /// <summary>The whole file.</summary>
    Document,
}

/// <summary>How to read data files; the names are those of <c>datasets.load_dataset</c>.</summary>
public sealed record DataSetOptions
{
    /// <summary>Value of <see cref="Header"/> for CSV files without column names.</summary>
    public const int NoHeader = -1;

    /// <summary>The format; null takes it from the file's extension (before <c>.gz</c>).</summary>
    public DataSetFormat? Format { get; init; }

    /// <summary>What to do with a row that cannot be read.</summary>
    public BadRowPolicy BadRows { get; init; }

    /// <summary>CSV: the separator, one ASCII character. Null is a tab for <c>.tsv</c> files, otherwise a comma.</summary>
    public char? Sep { get; init; }

    /// <summary>
    /// CSV: number of the record, from 0, that holds the column names, or <see cref="NoHeader"/>.
    /// Null is the first record, or none when <see cref="Names"/> is given.
    /// </summary>
    public int? Header { get; init; }

    /// <summary>CSV: the column names, instead of those in the file.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>JSON: the key under which the rows stand.</summary>
    public string? Field { get; init; }

    /// <summary>Text: what makes a row.</summary>
    public SampleBy SampleBy { get; init; }

    /// <summary>Text: whether lines keep their line feed.</summary>
    public bool KeepLinebreaks { get; init; }
}
