namespace Graft.Generation.Processors;

/// <summary>Leaves nothing but given tokens (score 0) at one place of the text.</summary>
public abstract class ForcedTokenProcessor : ILogitsProcessor
{
    private readonly int[] _tokens;

    private protected ForcedTokenProcessor(string name, IReadOnlyList<int> tokens)
    {
        Name = name;
        _tokens = [.. tokens];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        if (!Applies(context))
        {
            return;
        }

        scores.Fill(float.NegativeInfinity);
        foreach (int token in _tokens)
        {
            scores[token] = 0;
        }
    }

    private protected abstract bool Applies(in ProcessorContext context);
}

/// <summary><c>forced_bos_token_id</c>: the token after the decoder start token.</summary>
/// <param name="token">The token.</param>
public sealed class ForcedBosProcessor(int token) : ForcedTokenProcessor("ForcedBOSTokenLogitsProcessor", [token])
{
    private protected override bool Applies(in ProcessorContext context) => context.Tokens.Length == 1;
}

/// <summary><c>forced_eos_token_id</c>: the last token that the length allows. Of several, any.</summary>
/// <param name="tokens">The token or tokens.</param>
/// <param name="limit">The length that the text may have.</param>
public sealed class ForcedEosProcessor(IReadOnlyList<int> tokens, LengthLimit limit) : ForcedTokenProcessor("ForcedEOSTokenLogitsProcessor", tokens)
{
    private protected override bool Applies(in ProcessorContext context) => context.Tokens.Length == limit.TotalFor(context.PromptLength) - 1;
}
