namespace Graft.Training;

/// <summary>Loss on held-back samples.</summary>
/// <param name="EvalLoss">Hugging Face's <c>eval_loss</c>: the mean over rows of their batch's token mean; NaN when nothing is labelled.</param>
/// <param name="TokenLoss">The exact mean over all labelled tokens.</param>
/// <param name="Tokens">Number of labelled tokens.</param>
/// <param name="Samples">Number of samples.</param>
/// <param name="Batches">Number of batches.</param>
/// <param name="Seconds">Time that it took.</param>
public sealed record EvaluationResult(double EvalLoss, double TokenLoss, long Tokens, int Samples, int Batches, double Seconds)
{
    /// <summary><c>exp(TokenLoss)</c>.</summary>
    public double Perplexity => Math.Exp(TokenLoss);
}
