namespace Graft.Training;

/// <summary>What a run does next. A checkpoint says it, because saving comes before other events of the same step.</summary>
internal enum RunPhase
{
    /// <summary>The next optimizer step.</summary>
    Step,

    /// <summary>Evaluation and saving after a step: the run was told to stop while it evaluated.</summary>
    StepEvents,

    /// <summary>Logging, evaluation and saving at the end of an epoch.</summary>
    EpochEvents,
}
