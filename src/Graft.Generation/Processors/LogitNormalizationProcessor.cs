namespace Graft.Generation.Processors;

/// <summary><c>renormalize_logits</c>: turns the scores into log-probabilities.</summary>
public sealed class LogitNormalizationProcessor : ILogitsProcessor
{
    /// <inheritdoc/>
    public string Name => "LogitNormalization";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context) => ScoreMath.LogSoftmax(scores);
}
