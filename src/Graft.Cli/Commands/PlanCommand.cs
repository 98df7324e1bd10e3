using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Cli.Rendering;

namespace Graft.Cli.Commands;

/// <summary><c>graft plan</c>: the memory and time of a run, before anything is trained or written.</summary>
internal sealed class PlanCommand : Verb
{
    private readonly RunFlags _flags = new();

    /// <inheritdoc/>
    public override string Name => "plan";

    /// <inheritdoc/>
    public override string Description => "how much memory and time a run will take, before anything runs";

    /// <inheritdoc/>
    protected override void Configure(Command command) => _flags.AddTo(command);

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        RunConfiguration configuration = _flags.Load(parsed);
        Notes.Write(output, configuration.Notes);
        using PreparedRun prepared = PreparedRun.Prepare(configuration, cancellationToken);
        Notes.Write(output, prepared.Data.Warnings);
        PreparedRun run = MemoryFit.Apply(prepared, out string? fitted);
        Notes.Write(output, fitted is null ? [] : [fitted]);
        output.Note("measuring a step of a model with two and three such layers");
        RunEstimate estimate = RunEstimate.Of(run);
        PlanReport.Write(output, run, estimate);
        return Task.FromResult(ExitCode.Success);
    }
}
