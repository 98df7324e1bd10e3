using System.CommandLine;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Spectre.Console;

namespace Graft.Cli.Commands;

/// <summary><c>graft bench gemm</c>: the matrix products of training steps, against the microkernel's peak and OpenBLAS.</summary>
internal sealed class BenchGemmCommand : Verb
{
    private readonly Option<int> _rounds = new("--rounds") { Description = "measurements of each product; the best counts", DefaultValueFactory = _ => 15 };
    private readonly Option<string> _filter = new("--filter") { Description = "only products whose name contains this text", DefaultValueFactory = _ => string.Empty };
    private readonly Option<bool> _lora = new("--lora") { Description = "the narrow products of LoRA factors instead" };
    private readonly Option<string> _dtype = new("--dtype") { Description = "fp32, bf16 or int8", DefaultValueFactory = _ => "fp32" };
    private readonly Option<int?> _m = new("--m") { Description = "rows of the only product to measure: x · Wᵀ, with --n and --k" };
    private readonly Option<int?> _n = new("--n") { Description = "its columns" };
    private readonly Option<int?> _k = new("--k") { Description = "its terms" };

    /// <inheritdoc/>
    public override string Name => "gemm";

    /// <inheritdoc/>
    public override string Description => "matrix products against the microkernel's peak, and OpenBLAS where it is installed";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Options.Add(_rounds);
        command.Options.Add(_filter);
        command.Options.Add(_lora);
        command.Options.Add(_dtype);
        command.Options.Add(_m);
        command.Options.Add(_n);
        command.Options.Add(_k);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string dtype = parsed.GetValue(_dtype)!;
        if (dtype is not ("fp32" or "bf16" or "int8"))
        {
            throw new ArgumentException($"--dtype {dtype}: known are fp32, bf16 and int8");
        }

        GemmShape[] shapes = [.. Shapes(parsed, dtype)];
        if (shapes.Length == 0)
        {
            throw new ArgumentException($"--filter '{parsed.GetValue(_filter)}' fits no product in {dtype}");
        }

        output.Line(Machine.Describe());
        if (dtype == "fp32")
        {
            Single(parsed, output, shapes, cancellationToken);
        }
        else
        {
            ReducedGemmReport.Run(output, shapes, dtype == "int8", parsed.GetValue(_rounds), cancellationToken);
        }

        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>What to measure: one product, or those of training steps that the type computes.</summary>
    private IEnumerable<GemmShape> Shapes(ParseResult parsed, string dtype)
    {
        int?[] sizes = [parsed.GetValue(_m), parsed.GetValue(_n), parsed.GetValue(_k)];
        if (sizes.Any(size => size is not null))
        {
            return sizes.All(size => size > 0)
                ? [new GemmShape("x · Wᵀ", GemmLayout.NT, sizes[0]!.Value, sizes[1]!.Value, sizes[2]!.Value)]
                : throw new ArgumentException("--m, --n and --k go together, and are at least 1");
        }

        string filter = parsed.GetValue(_filter)!;
        return (parsed.GetValue(_lora) ? GemmShape.Lora() : GemmShape.Training())
            .Where(shape => dtype switch { "fp32" => true, "bf16" => shape.Layout != GemmLayout.TN, _ => shape.Layout == GemmLayout.NT })
            .Where(shape => $"{shape.Group} {shape.Layout} {shape.M}".Contains(filter, StringComparison.Ordinal));
    }

    private void Single(ParseResult parsed, Output output, GemmShape[] shapes, CancellationToken cancellationToken)
    {
        using OpenBlas? openBlas = OpenBlas.TryLoad();
        output.Line(openBlas is null ? "OpenBLAS is not installed: nothing to compare with" : $"OpenBLAS: {openBlas.Description}");
        Table table = new Table().Border(TableBorder.Simple).AddColumns("product", "layout");
        foreach (string column in new[] { "m", "n", "k", "GFLOP/s", "of peak", "bf16 time", "OpenBLAS", "ratio" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        var results = new List<GemmResult>();
        foreach (GemmResult result in GemmBenchmark.Run(shapes, parsed.GetValue(_rounds), openBlas))
        {
            cancellationToken.ThrowIfCancellationRequested();
            results.Add(result);
            GemmShape shape = result.Shape;
            table.AddRow(
                Markup.Escape(shape.Group), shape.Layout.ToString(), $"{shape.M}", $"{shape.N}", $"{shape.K}", $"{result.Single / 1e9:F1}", $"{result.Single / result.Peak:P0}",
                $"{result.Single / result.BFloat16:F2}", $"{result.OpenBlas / 1e9:F1}", $"{result.Single / result.OpenBlas:F2}");
            WriteEvent(output, result);
        }

        if (!output.IsJson)
        {
            output.Results.Write(table);
        }

        Summarize(output, results);
    }

    private static void WriteEvent(Output output, GemmResult result) => output.Event("product", writer =>
    {
        GemmShape shape = result.Shape;
        writer.WriteString("product", shape.Group);
        writer.WriteString("layout", shape.Layout.ToString());
        writer.WriteNumber("m", shape.M);
        writer.WriteNumber("n", shape.N);
        writer.WriteNumber("k", shape.K);
        writer.WriteNumber("gflops", result.Single / 1e9);
        Numbers.Write(writer, "bf16_gflops", result.BFloat16 / 1e9);
        Numbers.Write(writer, "openblas_gflops", result.OpenBlas / 1e9);
        writer.WriteNumber("peak_gflops", result.Peak / 1e9);
    });

    private static void Summarize(Output output, List<GemmResult> results)
    {
        foreach (IGrouping<GemmLayout, GemmResult> layout in results.GroupBy(result => result.Shape.Layout).Append(new All(results)))
        {
            string name = layout is All ? "all" : layout.Key.ToString();
            double? ratio = OpenBlasRatio(layout);
            output.Line($"geometric mean, {name,-3}: {FractionOfPeak(layout):P0} of the microkernel's peak{(ratio is null ? string.Empty : $", {ratio:F2} times OpenBLAS")}");
        }

        double peak = MachinePeak.Measure();
        output.Line($"microkernel's peak: {peak / 1e9:F0} GFLOP/s in fp32 on {WorkerPool.Shared.WorkerCount} workers");
        output.Event("summary", writer =>
        {
            Numbers.Write(writer, "openblas_ratio", OpenBlasRatio(results));
            Numbers.Write(writer, "fraction_of_peak", FractionOfPeak(results));
            writer.WriteNumber("peak_fp32_gflops", peak / 1e9);
            Numbers.Write(writer, "bf16_time_ratio", GemmBenchmark.GeometricMean(results.Where(result => result.BFloat16 > 0).Select(result => result.Single / result.BFloat16!.Value)));
            Machine.Write(writer);
        });
    }

    private static double? FractionOfPeak(IEnumerable<GemmResult> results) => GemmBenchmark.GeometricMean(results.Select(result => result.Single / result.Peak));

    private static double? OpenBlasRatio(IEnumerable<GemmResult> results)
        => GemmBenchmark.GeometricMean(results.Where(result => result.OpenBlas > 0).Select(result => result.Single / result.OpenBlas!.Value));

    /// <summary>The products of all layouts as one more group.</summary>
    private sealed class All(List<GemmResult> results) : List<GemmResult>(results), IGrouping<GemmLayout, GemmResult>
    {
        public GemmLayout Key => default;
    }
}
