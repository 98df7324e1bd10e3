using System.CommandLine;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Commands;

/// <summary><c>graft bench memory</c>: how fast memory is, and how close decoding comes to it.</summary>
internal sealed class BenchMemoryCommand : Verb
{
    private readonly Option<int> _megabytes = new("--megabytes") { Description = "size of the bf16 weight, larger than any cache", DefaultValueFactory = _ => 512 };
    private readonly Option<int> _rounds = new("--rounds") { Description = "measurements of each; the best counts", DefaultValueFactory = _ => 5 };

    /// <inheritdoc/>
    public override string Name => "memory";

    /// <inheritdoc/>
    public override string Description => "memory bandwidth, and the products of decoding, which are bound by it";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Options.Add(_megabytes);
        command.Options.Add(_rounds);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        int megabytes = parsed.GetValue(_megabytes);
        int rounds = parsed.GetValue(_rounds);
        if (megabytes < 1 || rounds < 1)
        {
            throw new ArgumentException("--megabytes and --rounds must be at least 1");
        }

        output.Line(Machine.Describe());
        BandwidthResult single = default!;
        foreach (int tokens in new[] { 1, 4, 8 })
        {
            cancellationToken.ThrowIfCancellationRequested();
            BandwidthResult result = MemoryBandwidth.Measure(megabytes * 1_000_000L, tokens, rounds);
            single = tokens == 1 ? result : single;
            output.Line($"{tokens} tokens at once: memory {result.Read / 1e9:F1} GB/s; [out, in] weights {result.Rows / 1e9:F1} ({result.Rows / result.Read:P0}), [in, out] weights {result.Columns / 1e9:F1} ({result.Columns / result.Read:P0})");
            output.Event("product", writer =>
            {
                writer.WriteNumber("tokens", tokens);
                writer.WriteNumber("read_gb_per_s", result.Read / 1e9);
                writer.WriteNumber("rows_gb_per_s", result.Rows / 1e9);
                writer.WriteNumber("columns_gb_per_s", result.Columns / 1e9);
            });
        }

        output.Event("summary", writer =>
        {
            writer.WriteNumber("memory_gb_per_s", single.Read / 1e9);
            writer.WriteNumber("bandwidth_fraction", single.Rows / single.Read);
            Machine.Write(writer);
        });
        return Task.FromResult(ExitCode.Success);
    }
}
