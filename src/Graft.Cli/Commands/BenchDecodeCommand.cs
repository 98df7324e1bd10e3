using System.CommandLine;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Models;

namespace Graft.Cli.Commands;

/// <summary><c>graft bench decode</c>: new tokens a second of a model of some shape with random weights, against the memory's bandwidth.</summary>
internal sealed class BenchDecodeCommand : Verb
{
    private readonly Option<string> _shape = new("--shape") { Description = $"model: {string.Join(", ", ModelShape.Names)}", Required = true };
    private readonly Option<int[]> _batch = new("--batch") { Description = "sequences decoded side by side; several are measured one after the other (default 1)", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> _dtype = new("--dtype") { Description = "how the weights are stored: " + string.Join("|", BaseStorage.Names), DefaultValueFactory = _ => "bf16" };
    private readonly Option<int> _rounds = new("--rounds") { Description = "turns of decoding and of reading memory; the best of each counts", DefaultValueFactory = _ => 12 };

    /// <inheritdoc/>
    public override string Name => "decode";

    /// <inheritdoc/>
    public override string Description => "greedy decoding against the bandwidth of memory";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Options.Add(_shape);
        command.Options.Add(_batch);
        command.Options.Add(_dtype);
        command.Options.Add(_rounds);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        int[] batches = parsed.GetValue(_batch) is { Length: > 0 } given ? given : [1];
        int rounds = parsed.GetValue(_rounds);
        if (batches.Any(batch => batch < 1) || rounds < 1)
        {
            throw new ArgumentException("--batch and --rounds must be at least 1");
        }

        ModelShape shape = ModelShape.Of(parsed.GetRequiredValue(_shape));
        string dtype = parsed.GetRequiredValue(_dtype);
        using CausalLanguageModel model = BaseStorage.Of(dtype).CreateModel(shape);
        DecodeResult? last = null;
        foreach (int batch in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            last = DecodeBenchmark.Measure(model, batch, rounds);
            output.Line(FormattableString.Invariant(
                $"{shape.Name} {dtype}, batch {batch}: {last.TokensPerSecond:F1} tokens/s, {last.BandwidthFraction:P0} of {last.Bandwidth / 1e9:F1} GB/s; first token after {last.FirstTokenSeconds * 1000:F0} ms; a prompt of {DecodeBenchmark.PrefillLength} at {last.PrefillTokensPerSecond:F0} tokens/s, {last.PrefillFraction:P0} of the fp32 microkernel's rate"));
            output.Event("decode", writer => Write(writer, last));
        }

        output.Event("summary", writer => Write(writer, last!));
        return Task.FromResult(ExitCode.Success);
    }

    private static void Write(System.Text.Json.Utf8JsonWriter writer, DecodeResult result)
    {
        writer.WriteNumber("batch", result.Batch);
        writer.WriteNumber("threads", result.Threads);
        writer.WriteNumber("tokens_per_s", Math.Round(result.TokensPerSecond, 2));
        writer.WriteNumber("bandwidth_fraction", Math.Round(result.BandwidthFraction, 4));
        writer.WriteNumber("bandwidth_gb_per_s", Math.Round(result.Bandwidth / 1e9, 2));
        writer.WriteNumber("bytes_per_step", result.BytesPerStep);
        writer.WriteNumber("first_token_s", Math.Round(result.FirstTokenSeconds, 4));
        writer.WriteNumber("prefill_tokens_per_s", Math.Round(result.PrefillTokensPerSecond, 2));
        writer.WriteNumber("prefill_fraction_of_peak", Math.Round(result.PrefillFraction, 4));
    }
}
