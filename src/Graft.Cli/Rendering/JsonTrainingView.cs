using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Rendering;

/// <summary>One JSON object a line: <c>start</c>, <c>log</c>, <c>eval</c>, <c>save</c>; the end is <see cref="TrainingSummary"/>'s.</summary>
internal sealed class JsonTrainingView(Output output, PreparedRun run, MemoryEstimate memory) : TrainingView
{
    private StepReport _last;

    /// <inheritdoc/>
    public override void OnStart(TrainingPlan plan)
    {
        Notes.Write(output, run.Data.Warnings);
        LengthStatistics lengths = run.Data.Statistics;
        output.Event("start", writer =>
        {
            writer.WriteString("model", run.Configuration.ModelFolder);
            writer.WriteString("model_type", run.Model.Base.Config.ModelType);
            writer.WriteString("method", run.Configuration.Method.ToString().ToLowerInvariant());
            writer.WriteNumber("samples", plan.Samples);
            writer.WriteNumber("eval_samples", plan.EvalSamples);
            writer.WriteNumber("tokens", lengths.TotalTokens);
            writer.WriteNumber("trainable_tokens", lengths.TrainableTokens);
            writer.WriteNumber("longest_sample", lengths.Max);
            writer.WriteNumber("truncated", run.Data.Report.TruncatedSamples);
            writer.WriteNumber("dropped", run.Data.Report.TooLong.Count + run.Data.Report.Untrainable.Count + run.Data.Rows.SkippedRows.Count);
            writer.WriteNumber("max_steps", plan.MaxSteps);
            writer.WriteNumber("trainable_parameters", plan.TrainableParameters);
            writer.WriteNumber("all_parameters", plan.AllParameters);
            writer.WriteNumber("estimated_peak_bytes", memory.Total);
            writer.WriteNumber("resumed_at", plan.ResumedAt);
            writer.WriteString("output", run.Configuration.OutputDir);
        });
    }

    /// <inheritdoc/>
    public override void OnStep(in StepReport report) => _last = report;

    /// <inheritdoc/>
    public override void OnLog(LogRow row)
    {
        bool isEvaluation = row["eval_loss"] is not null;
        if (!isEvaluation && row["loss"] is null)
        {
            return;
        }

        output.Event(isEvaluation ? "eval" : "log", writer =>
        {
            writer.WriteNumber("step", row.Step);
            foreach ((string name, double value) in row.Values.Where(pair => pair.Key != "step" && double.IsFinite(pair.Value)))
            {
                writer.WriteNumber(name, value);
            }

            if (!isEvaluation)
            {
                writer.WriteNumber("tokens_per_s", Math.Round(_last.TokensPerSecond, 1));
                writer.WriteNumber("step_seconds", Math.Round(_last.Seconds, 4));
            }
        });
    }

    /// <inheritdoc/>
    public override void OnSave(string folder) => output.Event("save", writer => writer.WriteString("checkpoint", folder));
}
