namespace Graft.Generation.Processors;

/// <summary><c>suppress_tokens</c>: tokens that never come.</summary>
/// <param name="tokens">The tokens.</param>
public sealed class SuppressTokensProcessor(IReadOnlyList<int> tokens) : ILogitsProcessor
{
    private readonly int[] _tokens = [.. tokens];

    /// <inheritdoc/>
    public string Name => "SuppressTokensLogitsProcessor";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context) => Forbid(scores, _tokens);

    internal static void Forbid(Span<float> scores, ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token < (uint)scores.Length)
            {
                scores[token] = float.NegativeInfinity;
            }
        }
    }
}

/// <summary><c>begin_suppress_tokens</c>: tokens that do not come first. Where a forced first token follows the decoder start token, the one after it counts as first.</summary>
/// <param name="tokens">The tokens.</param>
/// <param name="hasForcedBos">Whether there is a <c>forced_bos_token_id</c>.</param>
public sealed class BeginSuppressTokensProcessor(IReadOnlyList<int> tokens, bool hasForcedBos) : ILogitsProcessor
{
    private readonly int[] _tokens = [.. tokens];

    /// <inheritdoc/>
    public string Name => "SuppressTokensAtBeginLogitsProcessor";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        int first = context.PromptLength <= 1 && hasForcedBos ? context.PromptLength + 1 : context.PromptLength;
        if (context.Tokens.Length == first)
        {
            SuppressTokensProcessor.Forbid(scores, _tokens);
        }
    }
}
