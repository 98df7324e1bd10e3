using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Graft.Training.Data;

namespace Graft.Conformance;

/// <summary>Reads data files and compares every value, or expects an error that names file and line.</summary>
public sealed class DatasetRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "dataset";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string[] files = [.. @case.Root.GetProperty("files").EnumerateArray().Select(file => @case.Resolve(file.GetString()!))];
        DataSetOptions options = OptionsOf(@case, files);
        if (@case.Has("refuse") && @case.Root.GetProperty("refuse").GetBoolean())
        {
            var expect = new List<string> { System.Text.RegularExpressions.Regex.Escape(Path.GetFileName(files[0])) };
            if (@case.Has("line"))
            {
                expect.Add($@":{@case.Root.GetProperty("line").GetInt32()}\b");
            }

            Check.Refuses("reading", expect, () => DataSet.Load(files, options));
            return;
        }

        JsonElement rows = @case.Root.GetProperty("rows");
        if (rows.GetArrayLength() == 0)
        {
            // Nothing can be trained on no rows, so Graft refuses what datasets reads as an empty table.
            Check.Refuses("reading", ["no rows"], () => DataSet.Load(files, options));
            return;
        }

        DataSet data = DataSet.Load(files, options);
        Check.Equal("rows", rows.GetArrayLength(), data.Rows.Count);
        Check.Equal("columns", Names(@case.Root.GetProperty("columns").EnumerateArray().Select(name => name.GetString()!)), Names(data.Columns));
        for (int i = 0; i < data.Rows.Count; i++)
        {
            foreach (JsonProperty expected in rows[i].EnumerateObject())
            {
                bool isTime = @case.Root.GetProperty("features").TryGetProperty(expected.Name, out JsonElement feature)
                    && feature.ToString().StartsWith("Value('timestamp", StringComparison.Ordinal);
                Compare($"row {i}, {expected.Name}", expected.Value, data.Rows[i][expected.Name], isTime);
            }
        }
    }

    private static IReadOnlyList<string> Names(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal)];

    private static DataSetOptions OptionsOf(ConformanceCase @case, string[] files)
    {
        string format = @case.Root.GetProperty("format").GetString()!;
        string? packed = files.Select(file => Path.GetExtension(file)).FirstOrDefault(extension => extension is ".zst" or ".bz2" or ".xz");
        if (packed is not null)
        {
            throw new NotYetException($"compression {packed}");
        }

        var options = new DataSetOptions
        {
            Format = format switch
            {
                "jsonl" => DataSetFormat.JsonLines,
                "json" => DataSetFormat.Json,
                "csv" => DataSetFormat.Csv,
                "text" => DataSetFormat.Text,
                _ => throw new NotYetException($"dataset format {format}"),
            },
        };
        return @case.Has("options") ? @case.Root.GetProperty("options").EnumerateObject().Aggregate(options, With) : options;
    }

    private static DataSetOptions With(DataSetOptions options, JsonProperty option) => option.Name switch
    {
        "sep" => options with { Sep = option.Value.GetString()!.Single() },
        "header" => options with { Header = option.Value.ValueKind == JsonValueKind.Null ? DataSetOptions.NoHeader : option.Value.GetInt32() },
        "names" => options with { Names = [.. option.Value.EnumerateArray().Select(name => name.GetString()!)] },
        "field" => options with { Field = option.Value.GetString() },
        "keep_linebreaks" => options with { KeepLinebreaks = option.Value.GetBoolean() },
        "sample_by" => options with
        {
            SampleBy = option.Value.GetString() switch
            {
                "line" => SampleBy.Line,
                "paragraph" => SampleBy.Paragraph,
                "document" => SampleBy.Document,
                var other => throw new NotYetException($"sample_by {other}"),
            },
        },
        var name => throw new NotYetException($"dataset option {name}"),
    };

    private static void Compare(string what, JsonElement expected, object? actual, bool isTime)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                var fields = actual as IReadOnlyDictionary<string, object?> ?? throw Differs(what, expected, actual);
                Check.Equal($"{what}: keys", Names(expected.EnumerateObject().Select(field => field.Name)), Names(fields.Keys));
                foreach (JsonProperty field in expected.EnumerateObject())
                {
                    Compare($"{what}.{field.Name}", field.Value, fields[field.Name], isTime: false);
                }

                break;
            case JsonValueKind.Array:
                var items = actual as IReadOnlyList<object?> ?? throw Differs(what, expected, actual);
                Check.Equal($"{what}: length", expected.GetArrayLength(), items.Count);
                for (int i = 0; i < items.Count; i++)
                {
                    Compare($"{what}[{i}]", expected[i], items[i], isTime: false);
                }

                break;
            default:
                if (!ScalarEquals(expected, actual, isTime))
                {
                    throw Differs(what, expected, actual);
                }

                break;
        }
    }

    private static bool ScalarEquals(JsonElement expected, object? actual, bool isTime) => (expected.ValueKind, actual) switch
    {
        (JsonValueKind.Null, null) => true,
        (JsonValueKind.True, true) or (JsonValueKind.False, false) => true,
        (JsonValueKind.String, string text) => text == expected.GetString() || (isTime && SameInstant(expected.GetString()!, text)),
        (JsonValueKind.String, double number) => expected.GetString() == NameOf(number),
        (JsonValueKind.Number, long or BigInteger) => expected.GetRawText() == $"{actual}",

        // A float is written with a point or an exponent; a bare integer means that the column's type differs.
        (JsonValueKind.Number, double number) => expected.GetRawText().AsSpan().ContainsAny('.', 'e', 'E')
            && BitConverter.DoubleToInt64Bits(expected.GetDouble()) == BitConverter.DoubleToInt64Bits(number),
        _ => false,
    };

    private static string NameOf(double number) => double.IsNaN(number) ? "nan" : double.IsPositiveInfinity(number) ? "inf" : double.IsNegativeInfinity(number) ? "-inf" : string.Empty;

    private static bool SameInstant(string expected, string actual)
        => DateTimeOffset.TryParse(expected, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset a)
            && DateTimeOffset.TryParse(actual, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset b)
            && a == b;

    private static MismatchException Differs(string what, JsonElement expected, object? actual)
        => new($"{what}: expected {expected.GetRawText()}, got {actual ?? "null"} ({actual?.GetType().Name})");
}
