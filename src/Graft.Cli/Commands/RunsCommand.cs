using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Rendering;
using Graft.Cli.Rendering.Charts;
using Graft.Cli.Runs;

namespace Graft.Cli.Commands;

/// <summary><c>graft runs</c>: the past runs of a folder, and what tells them apart.</summary>
internal sealed class RunsCommand : Verb
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "folder with the output folders of runs, three levels deep at most", DefaultValueFactory = _ => "." };
    private readonly Option<string[]> _compare = new("--compare") { Description = "runs to lay side by side, with their settings and loss curves: names as listed, or paths", HelpName = "RUN RUN ...", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> _sort = new("--sort") { Description = "order of the list: name, loss, eval_loss, time, speed or began", HelpName = "KEY", DefaultValueFactory = _ => "name" };

    /// <inheritdoc/>
    public override string Name => "runs";

    /// <inheritdoc/>
    public override string Description => "list past runs of a folder: losses, time, what differs; compare their loss curves";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        _sort.AcceptOnlyFromAmong("name", "loss", "eval_loss", "time", "speed", "began");
        command.Arguments.Add(_folder);
        command.Options.Add(_compare);
        command.Options.Add(_sort);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string folder = parsed.GetRequiredValue(_folder);
        if (parsed.GetValue(_compare) is { Length: > 0 } names)
        {
            if (names.Length is < 2 or > ComparisonChart.MostCurves)
            {
                throw new UsageException($"--compare takes 2 to {ComparisonChart.MostCurves} runs, not {names.Length}");
            }

            RunsReport.WriteComparison(output, new RunCollection([.. names.Select(name => RunCollection.Open(folder, name))]));
            return Task.FromResult(ExitCode.Success);
        }

        var found = RunCollection.Find(folder);
        if (found.Runs.Count == 0)
        {
            output.Line($"there are no runs in {folder}: a run's folder has a trainer_state.json, a metrics.jsonl or checkpoints");
            return Task.FromResult(ExitCode.Success);
        }

        RunsReport.WriteList(output, new RunCollection([.. Sorted(found.Runs, parsed.GetRequiredValue(_sort))]));
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>Best first, newest first; runs without the figure come last.</summary>
    private static IEnumerable<PastRun> Sorted(IReadOnlyList<PastRun> runs, string key) => key switch
    {
        "loss" => runs.OrderBy(run => run.Loss ?? double.PositiveInfinity),
        "eval_loss" => runs.OrderBy(run => run.Best?["eval_loss"] ?? double.PositiveInfinity),
        "time" => runs.OrderBy(run => run.Seconds ?? double.PositiveInfinity),
        "speed" => runs.OrderByDescending(run => run.TokensPerSecond ?? 0),
        "began" => runs.OrderByDescending(run => run.StartedAt ?? DateTimeOffset.MinValue),
        _ => runs,
    };
}
