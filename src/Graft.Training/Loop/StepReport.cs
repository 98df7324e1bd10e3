namespace Graft.Training;

/// <summary>What one optimizer step did.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="MaxSteps">Steps of the whole run.</param>
/// <param name="Epoch">Epochs done, with fractions.</param>
/// <param name="Loss">Mean loss over the window's counted tokens.</param>
/// <param name="GradNorm">Norm of all gradients before clipping.</param>
/// <param name="LearningRate">The rate that was used.</param>
/// <param name="Tokens">Tokens of the window.</param>
/// <param name="TrainableTokens">Of these, tokens that are learnt.</param>
/// <param name="Seconds">Time of the step.</param>
/// <param name="TokensPerSecond">Tokens per second since training began.</param>
/// <param name="RemainingSeconds">Estimated time to the last step.</param>
public readonly record struct StepReport(
    int Step, int MaxSteps, double Epoch, double Loss, double GradNorm, double LearningRate, int Tokens, int TrainableTokens, double Seconds, double TokensPerSecond, double RemainingSeconds);
