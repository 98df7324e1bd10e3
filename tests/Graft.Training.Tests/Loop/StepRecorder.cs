namespace Graft.Training.Tests;

/// <summary>Keeps what a run reports.</summary>
internal sealed class StepRecorder : ITrainingObserver
{
    public List<StepReport> Steps { get; } = [];

    public List<LogRow> Rows { get; } = [];

    public List<EvaluationResult> Evaluations { get; } = [];

    public List<string> Saves { get; } = [];

    public TrainingPlan? Plan { get; private set; }

    public TrainingResult? Result { get; private set; }

    public void OnStart(TrainingPlan plan) => Plan = plan;

    public void OnStep(in StepReport report) => Steps.Add(report);

    public void OnLog(LogRow row) => Rows.Add(row);

    public void OnEvaluate(EvaluationResult result) => Evaluations.Add(result);

    public void OnSave(string folder) => Saves.Add(Path.GetFileName(folder));

    public void OnEnd(TrainingResult result) => Result = result;
}
