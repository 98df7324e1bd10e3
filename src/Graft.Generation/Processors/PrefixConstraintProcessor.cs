namespace Graft.Generation.Processors;

/// <summary>The tokens that may follow a text.</summary>
/// <param name="tokens">All tokens so far.</param>
public delegate ReadOnlySpan<int> AllowedTokens(ReadOnlySpan<int> tokens);

/// <summary><c>prefix_allowed_tokens_fn</c>: forbids all tokens but those that a function of the caller allows.</summary>
/// <param name="allowed">The function.</param>
public sealed class PrefixConstraintProcessor(AllowedTokens allowed) : ILogitsProcessor
{
    private float[] _kept = [];

    /// <inheritdoc/>
    public string Name => "PrefixConstrainedLogitsProcessor";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        ReadOnlySpan<int> tokens = allowed(context.Tokens);
        if (tokens.IsEmpty)
        {
            throw new InvalidOperationException("The prefix constraint allows no token at all; it must allow at least one (the end token, say).");
        }

        if (_kept.Length < tokens.Length)
        {
            _kept = new float[tokens.Length];
        }

        for (int i = 0; i < tokens.Length; i++)
        {
            _kept[i] = scores[tokens[i]];
        }

        scores.Fill(float.NegativeInfinity);
        for (int i = 0; i < tokens.Length; i++)
        {
            scores[tokens[i]] = _kept[i];
        }
    }
}
