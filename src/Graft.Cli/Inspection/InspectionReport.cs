using Graft.Cli.CommandLine;
using Graft.Models;

namespace Graft.Cli.Inspection;

/// <summary>What an inspection says about a path: facts, tables and findings.</summary>
internal sealed class InspectionReport
{
    private readonly OrderedDictionary<string, object?> _facts = new(StringComparer.Ordinal);
    private readonly List<ReportTable> _tables = [];
    private readonly List<Finding> _findings = [];

    /// <summary>An empty report.</summary>
    /// <param name="path">What is inspected, as the user wrote it.</param>
    public InspectionReport(string path) => Path = path;

    /// <summary>What is inspected, as the user wrote it.</summary>
    public string Path { get; }

    /// <summary>What it is, in a few words.</summary>
    public string Kind { get; set; } = "unknown";

    /// <summary>Facts by name, in order; see <see cref="ReportValue"/> for what they may be.</summary>
    public IReadOnlyDictionary<string, object?> Facts => _facts;

    /// <summary>Tables, in order.</summary>
    public IReadOnlyList<ReportTable> Tables => _tables;

    /// <summary>What was found, in order.</summary>
    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Whether something that it needs was not there, so that it could not be tried.</summary>
    public bool IsPartial { get; set; }

    /// <summary>Whether it loads: no finding is a problem.</summary>
    public bool Loads => _findings.TrueForAll(finding => finding.Severity != Severity.Problem);

    /// <summary>Adds a fact, or replaces it.</summary>
    public void Fact(string name, object? value) => _facts[name] = value;

    /// <summary>Adds a table.</summary>
    public ReportTable Table(string name, string title, params string[] columns) => Add(new ReportTable(name, title, columns));

    /// <summary>Adds a table that people see only when they ask for everything.</summary>
    public ReportTable DetailTable(string name, string title, params string[] columns) => Add(new ReportTable(name, title, columns) { IsDetail = true });

    /// <summary>Adds what is good to know.</summary>
    public void Note(string message) => Add(Severity.Note, message);

    /// <summary>Adds what is perhaps not as meant.</summary>
    public void Warn(string message) => Add(Severity.Warning, message);

    /// <summary>Adds what keeps it from loading.</summary>
    public void Problem(string message) => Add(Severity.Problem, message);

    /// <summary>Adds what an error says: one finding, or one for each tensor that does not fit.</summary>
    public void Problem(Exception error)
    {
        IReadOnlyList<string> problems = WeightMismatch.ProblemsOf(error);
        if (problems.Count == 0)
        {
            Problem(error.Message);
        }

        foreach (string problem in problems)
        {
            Problem(problem);
        }
    }

    /// <summary>Does something that reads files; what goes wrong with them becomes a problem.</summary>
    /// <returns>Whether it went well.</returns>
    public bool Attempt(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (Verb.IsForTheReader(e))
        {
            Problem(e);
            return false;
        }
    }

    private ReportTable Add(ReportTable table)
    {
        _tables.Add(table);
        return table;
    }

    /// <summary>The same thing is said once: parts that are read twice complain twice.</summary>
    private void Add(Severity severity, string message)
    {
        if (!_findings.Exists(finding => finding.Message == message))
        {
            _findings.Add(new Finding(severity, message));
        }
    }
}
