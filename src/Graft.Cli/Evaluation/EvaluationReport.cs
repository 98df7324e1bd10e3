using Graft.Cli.CommandLine;
using Graft.Cli.Inspection;
using Spectre.Console;

namespace Graft.Cli.Evaluation;

/// <summary>Prints measurements side by side.</summary>
internal static class EvaluationReport
{
    /// <summary>Prints the measurement of a model, or those of base and adapter.</summary>
    public static void Write(Output output, IReadOnlyList<Measurement> measurements)
    {
        foreach (Measurement measurement in measurements)
        {
            output.Event("evaluation", writer =>
            {
                writer.WriteString("model", measurement.Name);
                ReportValue.Write(writer, "loss", measurement.Result.TokenLoss);
                ReportValue.Write(writer, "standard_error", measurement.Rows.StandardError);
                ReportValue.Write(writer, "perplexity", measurement.Result.Perplexity);
                ReportValue.Write(writer, "eval_loss", measurement.Result.EvalLoss);
                writer.WriteNumber("tokens", measurement.Result.Tokens);
                writer.WriteNumber("samples", measurement.Result.Samples);
                writer.WriteNumber("tokens_per_s", Math.Round(measurement.TokensPerSecond, 1));
                writer.WriteNumber("seconds", Math.Round(measurement.Result.Seconds, 3));
            });
        }

        WriteSummary(output, measurements);
        if (!output.IsJson)
        {
            output.Results.Write(TableOf(measurements));
        }
    }

    private static void WriteSummary(Output output, IReadOnlyList<Measurement> measurements) => output.Event("summary", writer =>
    {
        foreach (Measurement measurement in measurements)
        {
            ReportValue.Write(writer, $"{measurement.Name}_loss", measurement.Result.TokenLoss);
            ReportValue.Write(writer, $"{measurement.Name}_perplexity", measurement.Result.Perplexity);
        }

        if (measurements is [var plain, var adapted])
        {
            ReportValue.Write(writer, "difference", adapted.Rows.Mean - plain.Rows.Mean);
            ReportValue.Write(writer, "difference_standard_error", adapted.Rows.StandardErrorOfDifference(plain.Rows));
        }

        writer.WriteNumber("tokens", measurements[0].Result.Tokens);
        writer.WriteNumber("samples", measurements[0].Result.Samples);
    });

    private static Table TableOf(IReadOnlyList<Measurement> measurements)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(string.Empty);
        foreach (Measurement measurement in measurements)
        {
            table.AddColumn(new TableColumn(measurement.Name).RightAligned());
        }

        List<string> loss = ["loss", .. measurements.Select(measurement => WithError(measurement.Result.TokenLoss, measurement.Rows.StandardError))];
        List<string> perplexity = ["perplexity", .. measurements.Select(measurement => measurement.Result.Perplexity.ToString("G5"))];
        List<string> evalLoss = ["eval_loss", .. measurements.Select(measurement => measurement.Result.EvalLoss.ToString("F4"))];
        List<string> tokens = ["tokens", .. measurements.Select(measurement => measurement.Result.Tokens.ToString("N0"))];
        List<string> speed = ["tokens/s", .. measurements.Select(measurement => measurement.TokensPerSecond.ToString("N0"))];
        if (measurements is [var plain, var adapted])
        {
            table.AddColumn(new TableColumn("difference").RightAligned());
            loss.Add(WithError(adapted.Rows.Mean - plain.Rows.Mean, adapted.Rows.StandardErrorOfDifference(plain.Rows)));
            perplexity.Add($"x {(adapted.Result.Perplexity / plain.Result.Perplexity).ToString("G3")}");
            evalLoss.Add((adapted.Result.EvalLoss - plain.Result.EvalLoss).ToString("F4"));
        }

        foreach (List<string> row in (List<string>[])[loss, perplexity, evalLoss, tokens, speed])
        {
            table.AddRow([.. row]);
        }

        return table;
    }

    private static string WithError(double value, double error) => double.IsNaN(error) ? $"{value:F4}" : $"{value:F4} ± {error:F4}";
}
