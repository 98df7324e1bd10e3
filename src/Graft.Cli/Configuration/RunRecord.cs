using Graft.Training;

namespace Graft.Cli.Configuration;

/// <summary>Writes the run's configuration as soon as it is certain that the run begins: not when a checkpoint does not fit.</summary>
internal sealed class RunRecord(RunConfiguration configuration) : ITrainingObserver
{
    /// <inheritdoc/>
    public void OnStart(TrainingPlan plan) => OutputFolder.Begin(configuration);
}
