namespace Graft.Generation.Stopping;

/// <summary>Stops at an end token (<c>eos_token_id</c>).</summary>
/// <param name="endTokens">The end tokens; none: never stops.</param>
public sealed class EosTokenCriterion(IReadOnlyList<int> endTokens) : IStoppingCriterion
{
    private readonly int[] _endTokens = [.. endTokens];

    /// <inheritdoc/>
    public FinishReason Reason => FinishReason.EndToken;

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength) => !tokens.IsEmpty && _endTokens.AsSpan().Contains(tokens[^1]);
}
