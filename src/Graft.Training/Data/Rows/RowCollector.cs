namespace Graft.Training.Data;

/// <summary>Where readers put rows, bad rows and warnings.</summary>
internal sealed class RowCollector(BadRowPolicy badRows)
{
    private readonly List<Row> _rows = [];
    private readonly List<SkippedRow> _skipped = [];
    private readonly List<string> _warnings = [];

    /// <summary>The columns seen so far.</summary>
    public ColumnSet Columns { get; } = new();

    /// <summary>The rows read so far.</summary>
    public IReadOnlyList<Row> Rows => _rows;

    /// <summary>The rows left out so far.</summary>
    public IReadOnlyList<SkippedRow> Skipped => _skipped;

    /// <summary>What the user should know though nothing failed.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Adds a row of named values.</summary>
    public void Add(IReadOnlyDictionary<string, object?> values, RowSource source)
    {
        foreach (string name in values.Keys)
        {
            Columns.IndexOrAdd(name);
        }

        object?[] stored = new object?[Columns.Names.Count];
        foreach ((string name, object? value) in values)
        {
            stored[Columns.IndexOrAdd(name)] = value;
        }

        Add(stored, source);
    }

    /// <summary>Adds a row whose values stand in column order; the array becomes the row's.</summary>
    public void Add(object?[] values, RowSource source) => _rows.Add(new Row(Columns, values, source));

    /// <summary>Throws <paramref name="error"/>, or counts the row as skipped, as the policy says.</summary>
    public void Bad(RowSource source, InvalidDataException error)
    {
        if (badRows == BadRowPolicy.Fail)
        {
            throw error;
        }

        _skipped.Add(new SkippedRow(source, error.Message));
    }

    /// <summary>Adds a warning.</summary>
    public void Warn(string message) => _warnings.Add(message);
}
