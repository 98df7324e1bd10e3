namespace Graft.Training;

/// <summary>Listens to a run (design D10): the console, the log file, a tracker. Called on the training thread, between steps.</summary>
public interface ITrainingObserver
{
    /// <summary>The run begins.</summary>
    /// <param name="plan">What it is about to do.</param>
    void OnStart(TrainingPlan plan)
    {
    }

    /// <summary>An optimizer step is done.</summary>
    /// <param name="report">What it did.</param>
    void OnStep(in StepReport report)
    {
    }

    /// <summary>A row has been added to the log.</summary>
    /// <param name="row">The row.</param>
    void OnLog(LogRow row)
    {
    }

    /// <summary>Part of an evaluation is done.</summary>
    /// <param name="done">Batches evaluated.</param>
    /// <param name="total">Batches to evaluate.</param>
    void OnEvaluationProgress(int done, int total)
    {
    }

    /// <summary>An evaluation is done; its row of the log follows.</summary>
    /// <param name="result">Loss by Hugging Face's rule and by tokens.</param>
    void OnEvaluate(EvaluationResult result)
    {
    }

    /// <summary>A checkpoint is complete.</summary>
    /// <param name="folder">Its folder.</param>
    void OnSave(string folder)
    {
    }

    /// <summary>The run has ended.</summary>
    /// <param name="result">How.</param>
    void OnEnd(TrainingResult result)
    {
    }
}
