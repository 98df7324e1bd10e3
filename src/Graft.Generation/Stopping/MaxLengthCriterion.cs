namespace Graft.Generation.Stopping;

/// <summary>Stops at the longest length (<c>max_new_tokens</c>, <c>max_length</c>).</summary>
/// <param name="limit">The length.</param>
/// <param name="maxPositions">Positions that the model has: no text becomes longer; null for any number.</param>
public sealed class MaxLengthCriterion(LengthLimit limit, int? maxPositions = null) : IStoppingCriterion
{
    /// <inheritdoc/>
    public FinishReason Reason => FinishReason.Length;

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength)
        => tokens.Length >= limit.TotalFor(promptLength) || tokens.Length >= (maxPositions ?? int.MaxValue);
}
