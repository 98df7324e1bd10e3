using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Spectre.Console;

namespace Graft.Cli.Commands;

/// <summary><c>graft bench step</c>: whole LoRA training steps of a model with random weights.</summary>
internal sealed class BenchStepCommand : Verb
{
    private readonly Option<string> _shape = new("--shape") { Description = string.Join("|", ModelShape.Names), DefaultValueFactory = _ => "smollm2-135m" };
    private readonly Option<string> _data = new("--data") { Description = string.Join("|", DataProfile.Names), DefaultValueFactory = _ => "quotes" };
    private readonly Option<string> _dtype = new("--dtype") { Description = "how the frozen base is stored: " + string.Join("|", BaseStorage.Names), DefaultValueFactory = _ => "bf16" };
    private readonly Option<bool> _bf16 = new("--bf16") { Description = "products on operands rounded to bf16, activations kept as bf16 (default: where the base is not fp32 and the CPU has AVX512_BF16, as in training)" };
    private readonly Option<string?> _targetModules = new("--target-modules") { Description = "layers with an adapter, a pattern or all-linear (default: the family's usual ones)" };
    private readonly Option<string?> _model = new("--model") { Description = "a model folder to measure, instead of random weights of a shape" };
    private readonly Option<string?> _folder = new("--folder") { Description = "where to write the random weights (default: the folder of temporary files)" };
    private readonly Option<bool> _keep = new("--keep") { Description = "keep the random weights, to measure them again with --model" };
    private readonly Option<bool> _cold = new("--cold") { Description = "begin with none of the weights in the system's page cache" };
    private readonly Option<double> _seconds = new("--seconds") { Description = "about how long to measure; five steps are measured at least, or one if it takes long", DefaultValueFactory = _ => 15 };

    /// <inheritdoc/>
    public override string Name => "step";

    /// <inheritdoc/>
    public override string Description => "LoRA training steps of a model with random weights: tokens/s, share of the peak, memory, time op by op";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Options.Add(_shape);
        command.Options.Add(_data);
        command.Options.Add(_dtype);
        command.Options.Add(_model);
        command.Options.Add(_folder);
        command.Options.Add(_keep);
        command.Options.Add(_cold);
        command.Options.Add(_bf16);
        command.Options.Add(_targetModules);
        command.Options.Add(_seconds);
    }

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        DataProfile data = DataProfile.Of(parsed.GetValue(_data)!);
        BaseStorage storage = BaseStorage.Of(parsed.GetValue(_dtype)!);
        if (parsed.GetValue(_model) is not { } model)
        {
            return await MeasureRandomWeights(parsed, ModelShape.Of(parsed.GetValue(_shape)!), storage.DType, output, cancellationToken);
        }

        if (parsed.GetValue(_cold))
        {
            ModelFolderCache.Drop(model);
        }

        ComputePrecision precision = parsed.GetValue(_bf16) || (storage.DType != DType.Float32 && BFloat16Support.IsFast) ? ComputePrecision.BFloat16 : ComputePrecision.Float32;
        output.Line(Machine.Describe());
        StepResult result = StepBenchmark.Run(ModelShape.OfFolder(model), storage, data, precision, Targets(parsed), parsed.GetValue(_seconds), cancellationToken);
        if (!output.IsJson)
        {
            WriteText(output, result);
        }

        WriteEvents(output, result);
        return ExitCode.Success;
    }

    /// <summary>Writes a folder, and has a process that knows nothing of its making load and train it: what a user's process does.</summary>
    private async Task<int> MeasureRandomWeights(ParseResult parsed, ModelShape shape, DType dtype, Output output, CancellationToken cancellationToken)
    {
        using var folder = RandomModelFolder.Write(shape, dtype, parsed.GetValue(_folder), parsed.GetValue(_keep), cancellationToken);
        output.Note(FormattableString.Invariant($"wrote random weights, {folder.WeightBytes / 1e9:F2} GB in {folder.Seconds:F1} s, to {folder.Path}{(parsed.GetValue(_keep) ? string.Empty : " (deleted at the end)")}"));
        List<string> arguments =
        [
            "bench", Name, "--model", folder.Path, "--data", parsed.GetValue(_data)!, "--dtype", parsed.GetValue(_dtype)!,
            "--seconds", parsed.GetValue(_seconds).ToString(CultureInfo.InvariantCulture), "--threads", $"{WorkerPool.Shared.WorkerCount}",
        ];
        arguments.AddRange(parsed.GetValue(_bf16) ? ["--bf16"] : []);
        arguments.AddRange(parsed.GetValue(_targetModules) is { } targets ? ["--target-modules", targets] : []);
        arguments.AddRange(parsed.GetValue(_cold) ? ["--cold"] : []);
        arguments.AddRange(output.IsJson ? ["--json"] : []);
        return await OwnProcess.RunAsync(arguments, cancellationToken);
    }

    private ModuleSelection? Targets(ParseResult parsed) => parsed.GetValue(_targetModules) is { } text ? ModuleSelection.FromString(text) : null;

    private static void WriteText(Output output, StepResult result)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("op");
        foreach (string column in new[] { "calls", "ms", "share", "GFLOP", "GFLOP/s", "MB", "GB/s", "roof", "of roof" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (OpCost cost in result.Costs)
        {
            bool isProduct = cost.Operations > 0;
            Roofline roof = Roofline.Of(cost, result.PeakRate, result.Bandwidth);
            table.AddRow(
                Markup.Escape(cost.IsBackward ? $"{cost.Name}, backward" : cost.Name), $"{cost.Calls}", $"{cost.Seconds * 1e3:F1}", $"{cost.Seconds / result.ProfiledSeconds:P1}",
                isProduct ? $"{cost.Operations / 1e9:F1}" : string.Empty, isProduct ? $"{cost.Operations / cost.Seconds / 1e9:F1}" : string.Empty,
                $"{cost.Bytes / 1e6:F0}", $"{cost.Bytes / cost.Seconds / 1e9:F1}", roof.Bound, $"{roof.Seconds / cost.Seconds:P0}");
        }

        double rest = result.UnexplainedSeconds;
        table.AddRow("unexplained", string.Empty, $"{rest * 1e3:F1}", $"{rest / result.ProfiledSeconds:P1}", string.Empty, string.Empty, string.Empty, string.Empty, string.Empty, string.Empty);
        output.Results.Write(table);
        output.Line($"roofs: {result.PeakRate / 1e9:F0} GFLOP/s of the {KernelName(result)}, {result.Bandwidth / 1e9:F1} GB/s of memory; an op whose operands are in cache can be above its memory roof");
        output.Line($"{result.Shape}, {result.Data}, base in {result.Storage}, products in {PrecisionName(result)}, {result.Steps} steps on {result.Threads} workers (medians)");
        output.Line($"  {(result.TokensPerSecond < 10 ? $"{result.TokensPerSecond:F2}" : $"{result.TokensPerSecond:F0}")} tokens/s; {result.UsefulRate / 1e9:F1} useful GFLOP/s (4 a weight a token), {result.FractionOfPeak:P0} of the {KernelName(result)}'s {result.PeakRate / 1e9:F0}");
        if (result.FileBytes is { } bytes)
        {
            string way = result.Storage switch
            {
                "nf4" or "int8" => "quantising them",
                "q4_0" or "q8_0" => "making GGUF blocks of them",
                _ => "to be read when they are needed",
            };
            output.Line($"  loaded {bytes / 1e9:F2} GB of weights in {result.LoadSeconds:F2} s, {bytes / result.LoadSeconds / 1e9:F2} GB/s, {way}");
        }

        output.Line($"  first step done {result.FirstStepSeconds:F2} s after the start of the process that loaded the model (which did not write it), with {result.FirstStepProcessorSeconds:F2} s of processor time");
        output.Line($"  peak memory: {result.PeakPrivateMib:F0} MiB private, and {result.PeakMappedMib:F0} MiB of mapped files resident; the base's weights take {result.WeightMib:F0} MiB; {result.PeakResidentMib:F0} MiB in all");
        if (result.DiskBytes is > 100_000_000 and var read)
        {
            output.Line($"  the step read {read / 1e9:F2} GB from the disk, {read / result.ProfiledSeconds / 1e9:F2} GB/s: the weights do not stay in memory");
        }

        if (result.ProcessorShare < 0.9)
        {
            output.Line($"  the machine was busy: {1 - result.ProcessorShare:P0} of the workers' time went elsewhere, so the rates are too low; their ratio is fair, roughly");
        }
    }

    private static string KernelName(StepResult result) => result.PeakRate == result.BFloat16PeakRate ? "bf16 kernel" : "fp32 microkernel";

    private static string PrecisionName(StepResult result) => result.Precision == ComputePrecision.BFloat16 ? "bf16" : "fp32";

    private static void WriteOptional(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteEvents(Output output, StepResult result)
    {
        foreach (OpCost cost in result.Costs)
        {
            output.Event("op", writer =>
            {
                writer.WriteString("op", cost.Name);
                writer.WriteString("pass", cost.IsBackward ? "backward" : "forward");
                writer.WriteNumber("calls", cost.Calls);
                writer.WriteNumber("seconds", cost.Seconds);
                writer.WriteNumber("share", cost.Seconds / result.ProfiledSeconds);
                writer.WriteNumber("gflop", cost.Operations / 1e9);
                writer.WriteNumber("megabytes", cost.Bytes / 1e6);
                Roofline roof = Roofline.Of(cost, result.PeakRate, result.Bandwidth);
                writer.WriteString("roof", roof.Bound);
                writer.WriteNumber("fraction_of_roof", roof.Seconds / cost.Seconds);
            });
        }

        output.Event("summary", writer =>
        {
            writer.WriteString("shape", result.Shape);
            writer.WriteString("data", result.Data);
            writer.WriteString("dtype", result.Storage);
            writer.WriteString("precision", PrecisionName(result));
            writer.WriteNumber("tokens_per_s", result.TokensPerSecond);
            writer.WriteNumber("useful_gflops", result.UsefulRate / 1e9);
            writer.WriteNumber("peak_fp32_gflops", result.SinglePeakRate / 1e9);
            WriteOptional(writer, "peak_bf16_gflops", result.BFloat16PeakRate / 1e9);
            writer.WriteNumber("memory_gb_per_s", result.Bandwidth / 1e9);
            writer.WriteNumber("fraction_of_peak", result.FractionOfPeak);
            writer.WriteNumber("unexplained_share", result.UnexplainedSeconds / result.ProfiledSeconds);
            writer.WriteNumber("peak_resident_mib", result.PeakResidentMib);
            writer.WriteNumber("peak_private_mib", result.PeakPrivateMib);
            writer.WriteNumber("peak_mapped_mib", result.PeakMappedMib);
            writer.WriteNumber("weight_mib", result.WeightMib);
            writer.WriteNumber("load_s", result.LoadSeconds);
            WriteOptional(writer, "load_gb", result.FileBytes / 1e9);
            writer.WriteNumber("first_step_s", result.FirstStepSeconds);
            writer.WriteNumber("first_step_processor_s", result.FirstStepProcessorSeconds);
            if (result.DiskBytes is { } read)
            {
                writer.WriteNumber("disk_bytes_per_step", read);
                writer.WriteNumber("disk_gb_per_s", read / result.ProfiledSeconds / 1e9);
            }

            writer.WriteNumber("steps", result.Steps);
            writer.WriteNumber("processor_share", result.ProcessorShare);
            Machine.Write(writer);
        });
    }
}
