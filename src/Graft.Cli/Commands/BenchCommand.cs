using System.CommandLine;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Commands;

/// <summary><c>graft bench</c>: what this machine does, against what it could do.</summary>
internal sealed class BenchCommand : Verb
{
    /// <inheritdoc/>
    public override string Name => "bench";

    /// <inheritdoc/>
    public override string Description => "measure matrix products, training steps, decoding and memory against this machine's limits";

    /// <inheritdoc/>
    protected override IReadOnlyList<Verb> Subverbs { get; } = [new BenchGemmCommand(), new BenchStepCommand(), new BenchDecodeCommand(), new BenchMemoryCommand()];

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken) => Task.FromResult(ExitCode.Usage);
}
