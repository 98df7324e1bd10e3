using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Cli.Rendering;
using Graft.Cli.Tracking;
using Graft.Training;

namespace Graft.Cli.Commands;

/// <summary><c>graft train</c>: a model folder and data go in, an adapter folder (or a whole model) comes out.</summary>
internal sealed class TrainCommand : Verb
{
    private readonly RunFlags _flags = new();

    /// <inheritdoc/>
    public override string Name => "train";

    /// <inheritdoc/>
    public override string Description => "fine-tune a model: LoRA by default, all weights with --method full";

    /// <inheritdoc/>
    protected override void Configure(Command command) => _flags.AddTo(command);

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        RunConfiguration configuration = _flags.Load(parsed);
        Notes.Write(output, configuration.Notes);
        OutputFolder.Check(configuration);
        RunTrackers.Check(configuration);
        using PreparedRun prepared = PreparedRun.Prepare(configuration, cancellationToken);
        PreparedRun run = MemoryFit.Apply(prepared, out string? fitted);
        Notes.Write(output, fitted is null ? [] : [fitted]);
        (TrainingResult result, PeakMemory peak) = Execute(run, output, cancellationToken);
        TrainingSummary.Write(output, run, result, peak);
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>Trains, shows it, and saves what was trained unless the run was stopped.</summary>
    /// <param name="run">What to train.</param>
    /// <param name="output">Where to show it.</param>
    /// <param name="cancellationToken">Finishes the step, saves a checkpoint and returns.</param>
    /// <returns>How the run ended, and the most memory that it took.</returns>
    public static (TrainingResult Result, PeakMemory Memory) Execute(PreparedRun run, Output output, CancellationToken cancellationToken)
    {
        RunConfiguration configuration = run.Configuration;
        MemoryEstimate memory = RunEstimate.MemoryOf(run);
        using Trainer trainer = run.CreateTrainer();
        if (configuration.ResumeFrom == "true" && !OutputFolder.HasCheckpoints(configuration.OutputDir))
        {
            Notes.Write(output, [$"there is no checkpoint in {configuration.OutputDir} yet: the run begins at the first step"]);
        }

        TrainingView view = TrainingView.Create(output, run, memory);
        using var metrics = new MetricsLog(configuration.OutputDir);
        using var trackers = new TrackerGroup(RunTrackers.Create(configuration, () => RunDescription.Of(run), message => Notes.Warn(output, message)));
        var peak = new PeakMemory();
        TrainingResult result = view.Show(observer => trainer.Train(new CompositeObserver([peak, new RunRecord(configuration), metrics, .. trackers.Members, observer]), cancellationToken));
        Notes.Write(output, trackers.Members.Where(tracker => tracker.Location is not null).Select(tracker => RunTrackers.Hint(tracker.Name, tracker.Location!)));
        if (!result.Interrupted)
        {
            run.Save();
            LossFiles.Write(output, result.State, configuration.OutputDir);
        }

        return (result, peak);
    }
}
