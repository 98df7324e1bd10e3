namespace Graft.Generation.Processors;

/// <summary>
/// Classifier-free guidance: <c>u + guidance_scale * (c - u)</c> with c the log-probabilities of the conditional run and u those of
/// the unconditional one, whose logits come with the context.
/// </summary>
/// <param name="scale"><c>guidance_scale</c>; 1 leaves the log-probabilities of the conditional run.</param>
public sealed class GuidanceProcessor(double scale) : ILogitsProcessor
{
    /// <inheritdoc/>
    public string Name => "UnbatchedClassifierFreeGuidanceLogitsProcessor";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        ReadOnlySpan<float> unconditional = context.UnconditionalScores;
        if (unconditional.Length != scores.Length)
        {
            throw new ArgumentException($"Guidance needs the logits of the unconditional run: {scores.Length} scores, but {unconditional.Length} unconditional ones.", nameof(context));
        }

        ScoreMath.LogSoftmax(scores);
        float total = (float)ScoreMath.LogSumExp(unconditional);
        for (int i = 0; i < scores.Length; i++)
        {
            float without = unconditional[i] - total;
            scores[i] = without + ((float)scale * (scores[i] - without));
        }
    }
}
