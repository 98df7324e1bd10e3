using Graft.Cli.CommandLine;
using Spectre.Console;

namespace Graft.Cli.Bench;

/// <summary>What <c>graft bench gemm --dtype bf16|int8</c> shows.</summary>
internal static class ReducedGemmReport
{
    /// <summary>Measures and shows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="shapes">Products, those that this type does not compute left out.</param>
    /// <param name="isInt8">int8 rather than bf16.</param>
    /// <param name="rounds">Measurements of each candidate.</param>
    /// <param name="cancellationToken">Stops between products.</param>
    public static void Run(Output output, IEnumerable<GemmShape> shapes, bool isInt8, int rounds, CancellationToken cancellationToken)
    {
        string dtype = isInt8 ? "int8" : "bf16";
        (string kernel, string? missing) = ReducedGemmBenchmark.Describe(isInt8);
        output.Line($"kernel: {kernel}");
        if (missing is not null)
        {
            output.Line($"not used: {missing}. What follows is the fallback: its rate, not its result, differs");
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumns("product", "layout");
        foreach (string column in new[] { "m", "n", "k", isInt8 ? "Gop/s" : "GFLOP/s", "of peak", "fp32", "ratio" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        var results = new List<ReducedGemmResult>();
        foreach (ReducedGemmResult result in ReducedGemmBenchmark.Run(shapes, isInt8, rounds))
        {
            cancellationToken.ThrowIfCancellationRequested();
            results.Add(result);
            GemmShape shape = result.Shape;
            table.AddRow(
                Markup.Escape(shape.Group), shape.Layout.ToString(), $"{shape.M}", $"{shape.N}", $"{shape.K}", $"{result.Rate / 1e9:F1}", $"{result.Rate / result.Peak:P0}",
                $"{result.Single / 1e9:F1}", $"{result.Rate / result.Single:F2}");
            output.Event("product", writer =>
            {
                writer.WriteString("product", shape.Group);
                writer.WriteString("layout", shape.Layout.ToString());
                writer.WriteNumber("m", shape.M);
                writer.WriteNumber("n", shape.N);
                writer.WriteNumber("k", shape.K);
                writer.WriteString("dtype", dtype);
                writer.WriteNumber("gflops", result.Rate / 1e9);
                writer.WriteNumber("fp32_gflops", result.Single / 1e9);
                writer.WriteNumber("peak_gflops", result.Peak / 1e9);
            });
        }

        if (!output.IsJson)
        {
            output.Results.Write(table);
        }

        Summarize(output, results, isInt8, dtype, kernel, missing);
    }

    private static void Summarize(Output output, List<ReducedGemmResult> results, bool isInt8, string dtype, string kernel, string? missing)
    {
        double? fraction = GemmBenchmark.GeometricMean(results.Select(result => result.Rate / result.Peak));
        double? ratio = GemmBenchmark.GeometricMean(results.Select(result => result.Rate / result.Single));
        double peak = ReducedGemmBenchmark.Peak(isInt8, rounds: 15);
        output.Line($"geometric mean: {fraction:P0} of the kernel's peak, {ratio:F2} times fp32");
        output.Line($"the kernel's peak: {peak / 1e9:F0} {(isInt8 ? "Gop/s" : "GFLOP/s")} in {dtype}");
        output.Event("summary", writer =>
        {
            writer.WriteString("dtype", dtype);
            writer.WriteString("kernel", kernel);
            writer.WriteString("missing_instruction", missing);
            Numbers.Write(writer, "fraction_of_peak", fraction);
            Numbers.Write(writer, "fp32_ratio", ratio);
            writer.WriteNumber($"peak_{dtype}_gflops", peak / 1e9);
            Machine.Write(writer);
        });
    }
}
