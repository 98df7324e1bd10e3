using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Training;

namespace Graft.Cli.Rendering;

/// <summary>Shows a run while it goes on: live on a terminal, as lines in a pipe, as events with <c>--json</c>.</summary>
internal abstract class TrainingView : ITrainingObserver
{
    /// <summary>The view that suits the output.</summary>
    public static TrainingView Create(Output output, PreparedRun run)
        => output.IsJson ? new JsonTrainingView(output, run) : new PlainTrainingView(output, run);

    /// <summary>Runs <paramref name="train"/> and shows it.</summary>
    /// <param name="train">Trains, and tells the observer.</param>
    public virtual TrainingResult Show(Func<ITrainingObserver, TrainingResult> train) => train(this);

    /// <inheritdoc/>
    public virtual void OnStart(TrainingPlan plan)
    {
    }

    /// <inheritdoc/>
    public virtual void OnStep(in StepReport report)
    {
    }

    /// <inheritdoc/>
    public virtual void OnLog(LogRow row)
    {
    }

    /// <inheritdoc/>
    public virtual void OnEvaluationProgress(int done, int total)
    {
    }

    /// <inheritdoc/>
    public virtual void OnSave(string folder)
    {
    }
}
