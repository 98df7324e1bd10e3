namespace Graft.Generation.Processors;

/// <summary>Makes tokens that were there before less likely: negative scores times the penalty, others divided by it, once for each token.</summary>
public sealed class RepetitionPenaltyProcessor : ILogitsProcessor
{
    private readonly float _penalty;
    private readonly bool _encoder;
    private readonly ProcessorScratch _scratch;

    private RepetitionPenaltyProcessor(string name, double penalty, bool encoder, ProcessorScratch scratch)
    {
        if (!(penalty > 0))
        {
            throw new ArgumentException($"A repetition penalty must be above 0, but is {penalty}.", nameof(penalty));
        }

        Name = name;
        _penalty = (float)penalty;
        _encoder = encoder;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        ReadOnlySpan<int> tokens = _encoder ? context.EncoderTokens : context.Tokens;
        Span<bool> seen = _scratch.Marks(scores.Length);
        foreach (int token in tokens)
        {
            if ((uint)token < (uint)scores.Length && !seen[token])
            {
                seen[token] = true;
                scores[token] = scores[token] < 0 ? scores[token] * _penalty : scores[token] / _penalty;
            }
        }

        foreach (int token in tokens)
        {
            if ((uint)token < (uint)scores.Length)
            {
                seen[token] = false;
            }
        }
    }

    /// <summary><c>repetition_penalty</c>: over all tokens so far, prompt included.</summary>
    internal static RepetitionPenaltyProcessor ForText(double penalty, ProcessorScratch scratch)
        => new("RepetitionPenaltyLogitsProcessor", penalty, encoder: false, scratch);

    /// <summary><c>encoder_repetition_penalty</c>: makes the encoder's tokens MORE likely when above 1.</summary>
    internal static RepetitionPenaltyProcessor ForEncoder(double penalty, ProcessorScratch scratch)
        => new("EncoderRepetitionPenaltyLogitsProcessor", 1 / penalty, encoder: true, scratch);
}
