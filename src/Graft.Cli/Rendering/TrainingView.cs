using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;

namespace Graft.Cli.Rendering;

/// <summary>Shows a run while it goes on: live on a terminal, as lines in a pipe, as events with <c>--json</c>.</summary>
internal abstract class TrainingView : ITrainingObserver
{
    private const int NarrowestDisplay = 40;

    /// <summary>The view that suits the output.</summary>
    public static TrainingView Create(Output output, PreparedRun run, MemoryEstimate memory)
        => output.IsJson ? new JsonTrainingView(output, run, memory)
            : output.IsInteractive && output.Progress.Profile.Width >= NarrowestDisplay ? new LiveTrainingView(output.Progress, run, memory)
            : new PlainTrainingView(output, run, memory);

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

    /// <summary>What is said before the first step.</summary>
    protected static IEnumerable<string> StartLines(PreparedRun run, MemoryEstimate memory, TrainingPlan plan)
    {
        IEnumerable<string> lines = PlanText.Lines(run).Append($"memory   about {Units.Bytes(memory.Private)} private at the peak, and {Units.Bytes(memory.FileBacked)} of files (weights {Units.Bytes(memory.Weights)})");
        return plan.ResumedAt > 0 ? lines.Append($"resumed  after step {plan.ResumedAt:N0}") : lines;
    }
}
