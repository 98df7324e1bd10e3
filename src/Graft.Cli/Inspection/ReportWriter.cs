using Graft.Cli.CommandLine;
using Spectre.Console;

namespace Graft.Cli.Inspection;

/// <summary>Prints a report: tables for people, or a JSON object for each row, each finding and, last, the summary.</summary>
internal sealed class ReportWriter
{
    private const int ShownRows = 40;
    private const int ShownFindings = 40;
    private const int CellCharacters = 120;

    private readonly Output _output;
    private readonly bool _all;

    /// <summary>Prints to <paramref name="output"/>.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="all">Whether long tables and cells are printed whole. JSON is always whole.</param>
    public ReportWriter(Output output, bool all)
    {
        _output = output;
        _all = all;
    }

    /// <summary>Prints all of it.</summary>
    public void Write(InspectionReport report)
    {
        if (_output.IsJson)
        {
            WriteJson(report);
        }
        else
        {
            WriteText(report);
        }
    }

    private void WriteJson(InspectionReport report)
    {
        foreach (ReportTable table in report.Tables)
        {
            foreach (object?[] row in table.Rows)
            {
                _output.Event(table.Name, writer =>
                {
                    for (int i = 0; i < row.Length; i++)
                    {
                        ReportValue.Write(writer, table.Columns[i], row[i]);
                    }
                });
            }
        }

        foreach (Finding finding in report.Findings)
        {
            _output.Event("finding", writer =>
            {
                writer.WriteString("severity", NameOf(finding.Severity));
                writer.WriteString("message", finding.Message);
            });
        }

        _output.Event("summary", writer =>
        {
            writer.WriteString("path", report.Path);
            writer.WriteString("kind", report.Kind);
            writer.WriteBoolean("loads", report.Loads);
            writer.WriteNumber("problems", Count(report, Severity.Problem));
            writer.WriteNumber("warnings", Count(report, Severity.Warning));
            writer.WriteStartObject("facts");
            foreach ((string name, object? value) in report.Facts)
            {
                ReportValue.Write(writer, name, value);
            }

            writer.WriteEndObject();
        });
    }

    private void WriteText(InspectionReport report)
    {
        _output.Line($"{report.Path}: {report.Kind}");
        if (report.Facts.Count > 0)
        {
            Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumn(new TableColumn(string.Empty).NoWrap()).AddColumn(string.Empty);
            foreach ((string name, object? value) in report.Facts)
            {
                table.AddRow(Plain($"  {name}"), Plain(Cell(value)));
            }

            _output.Results.Write(table);
        }

        foreach (ReportTable table in report.Tables.Where(table => table.Rows.Count > 0 && (_all || !table.IsDetail)))
        {
            WriteTable(table);
        }

        WriteFindings(report);
        int problems = Count(report, Severity.Problem);
        _output.Line();
        _output.Line(report.Loads ? report.IsPartial ? "verdict: sound by itself, not tried on a base model" : "verdict: loads" : $"verdict: does not load ({problems} {(problems == 1 ? "problem" : "problems")})");
    }

    private void WriteTable(ReportTable content)
    {
        int shown = _all ? content.Rows.Count : Math.Min(ShownRows, content.Rows.Count);
        _output.Line();
        _output.Line(shown == content.Rows.Count ? content.Title : $"{content.Title} (the first {shown} of {content.Rows.Count:N0}; --all shows the rest)");
        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < content.Columns.Count; i++)
        {
            var column = new TableColumn(Plain(content.Columns[i]));
            table.AddColumn(content.Rows[0][i] is int or long or double or ByteSize ? column.RightAligned() : column);
        }

        foreach (object?[] row in content.Rows.Take(shown))
        {
            table.AddRow(row.Select(value => Plain(Cell(value))));
        }

        _output.Results.Write(table);
    }

    private void WriteFindings(InspectionReport report)
    {
        if (report.Findings.Count > 0)
        {
            _output.Line();
        }

        int shown = _all ? report.Findings.Count : Math.Min(ShownFindings, report.Findings.Count);
        foreach (Finding finding in report.Findings.OrderByDescending(finding => finding.Severity).Take(shown).OrderBy(finding => finding.Severity))
        {
            _output.Line($"{NameOf(finding.Severity)}: {finding.Message}");
        }

        if (shown < report.Findings.Count)
        {
            _output.Line($"and {report.Findings.Count - shown} more; --all shows them");
        }
    }

    /// <summary>A cell on one line for each line of its own, cut unless everything is wanted.</summary>
    private string Cell(object? value)
    {
        string text = ReportValue.Text(value);
        if (value is string)
        {
            text = text.ReplaceLineEndings(" ");
        }

        return _all ? text : string.Join('\n', text.Split('\n').Select(line => line.Length <= CellCharacters ? line : $"{line[..(CellCharacters - 3)]}..."));
    }

    /// <summary>Without markup: names and messages may hold brackets.</summary>
    private static Spectre.Console.Text Plain(string text) => new(text);

    private static int Count(InspectionReport report, Severity severity) => report.Findings.Count(finding => finding.Severity == severity);

    private static string NameOf(Severity severity) => severity switch
    {
        Severity.Problem => "problem",
        Severity.Warning => "warning",
        _ => "note",
    };
}
