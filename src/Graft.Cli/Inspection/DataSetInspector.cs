using Graft.Training.Data;

namespace Graft.Cli.Inspection;

/// <summary>Data files.</summary>
internal static class DataSetInspector
{
    private const int FirstRows = 3;

    /// <summary>Inspects one.</summary>
    public static void Inspect(InspectionReport report, string path)
    {
        report.Kind = "dataset";
        report.Fact("file_size", ByteSize.OfFile(path));
        report.Attempt(() =>
        {
            DataSet data = DataSet.Load([path], new DataSetOptions { BadRows = BadRowPolicy.Skip });
            report.Kind = $"dataset ({FormatOf(path)})";
            report.Fact("rows", data.Rows.Count);
            report.Fact("bad_rows", data.SkippedRows.Count);
            AddColumns(report, data);
            AddFirstRows(report, data);
            foreach (string warning in data.Warnings)
            {
                report.Warn(warning);
            }

            foreach (SkippedRow skipped in data.SkippedRows)
            {
                report.Problem(skipped.Reason);
            }

            NoteUse(report, data);
        });
    }

    private static void AddColumns(InspectionReport report, DataSet data)
    {
        ReportTable table = report.Table("column", "columns", "name", "type", "nulls", "mean_length", "max_length");
        for (int i = 0; i < data.Columns.Count; i++)
        {
            string name = data.Columns[i];
            ColumnSummary summary = ColumnSummary.Of(data.Rows.Select(row => row[name]));
            table.Add(name, summary.Type, summary.Nulls, summary.MeanLength, summary.MaxLength);
        }
    }

    private static void AddFirstRows(InspectionReport report, DataSet data)
    {
        ReportTable table = report.Table("row", data.Rows.Count <= FirstRows ? "rows" : "first rows", "line", "values");
        foreach (Row row in data.Rows.Take(FirstRows))
        {
            table.Add(row.Source.Line, new OrderedDictionary<string, object?>(data.Columns.Select(name => KeyValuePair.Create(name, row[name]))));
        }
    }

    /// <summary>Whether the columns say by themselves how rows become texts.</summary>
    private static void NoteUse(InspectionReport report, DataSet data)
    {
        string[] columns = [.. data.Columns];
        report.Note(columns.Contains("input_ids") ? "rows are token ids: they are used as they are, without a tokenizer"
            : columns.Contains("prompt") && columns.Contains("completion") ? "prompt and completion are used without a template; the loss is on the completion"
            : columns.Contains("text") ? "the column text is used without a template"
            : $"a template is needed to train on it, such as --template \"{{{columns[0]}}} ->: {{{columns[^1]}}}\"");
    }

    private static string FormatOf(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => "JSON lines",
            ".json" => "JSON",
            ".csv" => "CSV",
            ".tsv" => "TSV",
            ".txt" or ".text" or ".md" => "text",
            string other => other.TrimStart('.'),
        };
    }
}
