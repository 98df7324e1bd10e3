namespace Graft.Training;

/// <summary>What a run is about to do.</summary>
/// <param name="Samples">Training samples.</param>
/// <param name="EvalSamples">Held-back samples.</param>
/// <param name="MaxSteps">Optimizer steps.</param>
/// <param name="NumTrainEpochs">Epochs that are begun.</param>
/// <param name="TrainableParameters">Numbers that are trained.</param>
/// <param name="AllParameters">All numbers of the model and its adapters.</param>
/// <param name="ResumedAt">Steps that were done before a resume; 0 for a new run.</param>
public sealed record TrainingPlan(int Samples, int EvalSamples, int MaxSteps, int NumTrainEpochs, long TrainableParameters, long AllParameters, int ResumedAt)
{
    /// <summary>Rows of the log from before a resume.</summary>
    public IReadOnlyList<LogRow> LogHistory { get; init; } = [];
}
