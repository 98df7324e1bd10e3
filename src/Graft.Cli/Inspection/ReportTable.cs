namespace Graft.Cli.Inspection;

/// <summary>Things of one kind, a row each; in JSON an event each.</summary>
/// <param name="Name">What a row is: the event's name.</param>
/// <param name="Title">What stands above the table.</param>
/// <param name="Columns">Names of the columns, which are the event's properties.</param>
internal sealed record ReportTable(string Name, string Title, IReadOnlyList<string> Columns)
{
    private readonly List<object?[]> _rows = [];

    /// <summary>Whether people see it only when they ask for everything. JSON always has it.</summary>
    public bool IsDetail { get; init; }

    /// <summary>The rows; see <see cref="ReportValue"/> for what a cell may be.</summary>
    public IReadOnlyList<object?[]> Rows => _rows;

    /// <summary>Adds a row.</summary>
    /// <param name="cells">A value for each column.</param>
    public void Add(params object?[] cells) => _rows.Add(cells);
}
