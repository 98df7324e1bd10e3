using System.Text;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;

namespace Graft.Cli.Rendering;

/// <summary>Plain lines for pipes and log files: no colours, no control characters.</summary>
internal sealed class PlainTrainingView(Output output, PreparedRun run, MemoryEstimate memory) : TrainingView
{
    private StepReport _last;
    private int _maxSteps;

    /// <inheritdoc/>
    public override void OnStart(TrainingPlan plan)
    {
        _maxSteps = plan.MaxSteps;
        foreach (string line in StartLines(run, memory, plan))
        {
            output.Note(line);
        }

        Notes.Write(output, run.Data.Warnings);
    }

    /// <inheritdoc/>
    public override void OnStep(in StepReport report) => _last = report;

    /// <inheritdoc/>
    public override void OnLog(LogRow row)
    {
        if (Line(row) is { } line)
        {
            output.Note(line);
        }
    }

    /// <inheritdoc/>
    public override void OnSave(string folder) => output.Note($"saved {folder}");

    private string? Line(LogRow row)
    {
        var line = new StringBuilder($"step {row.Step}/{_maxSteps}  epoch {row["epoch"]:0.00}");
        if (row["eval_loss"] is { } evalLoss)
        {
            return line.Append($"  eval_loss {Units.Loss(evalLoss)}  perplexity {Math.Exp(evalLoss):0.##}").ToString();
        }

        return row["loss"] is not { } loss
            ? null
            : line.Append($"  loss {Units.Loss(loss)}  lr {row["learning_rate"]:0.00e+0}  grad_norm {row["grad_norm"]:0.###}")
                .Append($"  {_last.TokensPerSecond:0} tok/s  left {Units.Time(_last.RemainingSeconds)}").ToString();
    }
}
