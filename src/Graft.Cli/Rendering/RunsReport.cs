using System.Globalization;
using System.Text.Json;
using Graft.Cli.CommandLine;
using Graft.Cli.Rendering.Charts;
using Graft.Cli.Runs;
using Spectre.Console;

namespace Graft.Cli.Rendering;

/// <summary>Past runs: a table, the settings that differ, the loss curves together; or <c>run</c> and <c>comparison</c> events.</summary>
internal static class RunsReport
{
    private const int PlotRows = 14;
    private const int WidestPlot = 100;
    private const string Nothing = "-";

    /// <summary>The runs of a folder.</summary>
    public static void WriteList(Output output, RunCollection runs)
    {
        WriteRuns(output, runs);
        IReadOnlyList<string> differing = runs.Differing;
        if (output.IsJson || runs.Runs.Count < 2 || differing.Count == 0)
        {
            return;
        }

        output.Line("settings that differ:");
        int widest = runs.Runs.Max(run => run.Name.Length);
        foreach (PastRun run in runs.Runs.Where(run => run.Settings.Count > 0))
        {
            output.Line($"  {run.Name.PadRight(widest)}  {string.Join("  ", differing.Select(key => $"{key}={run.Settings.GetValueOrDefault(key, Nothing)}"))}");
        }
    }

    /// <summary>A few runs side by side.</summary>
    public static void WriteComparison(Output output, RunCollection runs)
    {
        WriteRuns(output, runs);
        output.Event("comparison", writer => WriteSettings(writer, runs));
        if (output.IsJson)
        {
            return;
        }

        WriteDifferences(output, runs);
        LossCurve[] curves = [.. runs.Runs.Select(run => LossCurve.Of(run.Log))];
        WriteChart(output, runs, "training loss", [.. curves.Select(curve => curve.Smoothed() ?? curve.Train)]);
        WriteChart(output, runs, "loss on held-back samples", [.. curves.Select(curve => curve.Eval)]);
    }

    private static void WriteRuns(Output output, RunCollection runs)
    {
        foreach (PastRun run in runs.Runs)
        {
            Notes.Write(output, run.Problems);
            output.Event("run", writer => Write(writer, run));
        }

        if (output.IsJson)
        {
            return;
        }

        Table table = new Table().RoundedBorder();
        foreach (string column in new[] { "run", "status", "steps", "loss", "best eval loss", "time", "tokens/s", "began" })
        {
            table.AddColumn(column);
        }

        foreach (PastRun run in runs.Runs)
        {
            table.AddRow([.. Cells(run).Select(Markup.Escape)]);
        }

        output.Results.Write(table);
    }

    private static string[] Cells(PastRun run) =>
    [
        run.Name,
        run.Status,
        run.MaxSteps > 0 ? $"{run.Step}/{run.MaxSteps}" : $"{run.Step}",
        run.Loss is { } loss ? Units.Loss(loss) : Nothing,
        run.Best is { } best ? $"{Units.Loss(best["eval_loss"]!.Value)} at step {best.Step}" : Nothing,
        run.Seconds is { } seconds ? Units.Time(seconds) : Nothing,
        run.TokensPerSecond is { } speed ? $"{speed:0}" : Nothing,
        run.StartedAt?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? Nothing,
    ];

    private static void WriteDifferences(Output output, RunCollection runs)
    {
        IReadOnlyList<string> differing = runs.Differing;
        if (differing.Count == 0)
        {
            output.Line("their settings are the same, as far as they are known");
            return;
        }

        Table table = new Table().RoundedBorder().AddColumn("setting");
        foreach (PastRun run in runs.Runs)
        {
            table.AddColumn(Markup.Escape(run.Name));
        }

        foreach (string key in differing)
        {
            table.AddRow([Markup.Escape(key), .. runs.Runs.Select(run => Markup.Escape(run.Settings.GetValueOrDefault(key, Nothing)))]);
        }

        output.Results.Write(table);
    }

    private static void WriteChart(Output output, RunCollection runs, string title, IReadOnlyList<IReadOnlyList<(double Step, double Loss)>> curves)
    {
        if (curves.Sum(curve => curve.Count) < 2)
        {
            return;
        }

        output.Line($"{title}: {string.Join(", ", runs.Runs.Select((run, i) => $"{ComparisonChart.LetterOf(i)} {run.Name}"))}");
        foreach (string line in ComparisonChart.Draw(curves, Math.Min(WidestPlot, output.Results.Profile.Width), PlotRows))
        {
            output.Line(line);
        }
    }

    private static void Write(Utf8JsonWriter writer, PastRun run)
    {
        writer.WriteString("name", run.Name);
        writer.WriteString("folder", run.Folder);
        writer.WriteString("status", run.Status);
        writer.WriteNumber("global_step", run.Step);
        writer.WriteNumber("max_steps", run.MaxSteps);
        WriteNumber(writer, "loss", run.Loss);
        WriteNumber(writer, "best_eval_loss", run.Best?["eval_loss"]);
        WriteNumber(writer, "best_eval_step", run.Best?.Step);
        WriteNumber(writer, "seconds", run.Seconds);
        WriteNumber(writer, "tokens_per_s", run.TokensPerSecond);
        if (run.StartedAt is { } started)
        {
            writer.WriteString("started_at", started);
        }

        var curve = LossCurve.Of(run.Log);
        WriteCurve(writer, "train_curve", curve.Train);
        WriteCurve(writer, "eval_curve", curve.Eval);
    }

    private static void WriteSettings(Utf8JsonWriter writer, RunCollection runs)
    {
        writer.WriteStartObject("settings");
        foreach (string key in runs.Differing)
        {
            writer.WriteStartArray(key);
            foreach (PastRun run in runs.Runs)
            {
                writer.WriteStringValue(run.Settings.GetValueOrDefault(key));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteCurve(Utf8JsonWriter writer, string name, IReadOnlyList<(double Step, double Loss)> curve)
    {
        writer.WriteStartArray(name);
        foreach ((double step, double loss) in curve)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(step);
            writer.WriteNumberValue(loss);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            writer.WriteNumber(name, number);
        }
    }
}
