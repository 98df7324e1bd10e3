namespace Graft.Training;

/// <summary>How a run ended.</summary>
/// <param name="GlobalStep">Optimizer steps done, those before a resume included.</param>
/// <param name="TrainLoss">Mean loss of the steps since the start or resume.</param>
/// <param name="Seconds">Time since the start or resume.</param>
/// <param name="Tokens">Tokens trained on since the start or resume.</param>
/// <param name="Interrupted">Whether it was asked to stop before its last step; its checkpoint can be resumed.</param>
/// <param name="StoppedEarly">Whether early stopping ended it.</param>
/// <param name="LastCheckpoint">The newest checkpoint's folder, or null.</param>
/// <param name="State">The state as written to trainer_state.json.</param>
public sealed record TrainingResult(int GlobalStep, double TrainLoss, double Seconds, long Tokens, bool Interrupted, bool StoppedEarly, string? LastCheckpoint, TrainerState State);
