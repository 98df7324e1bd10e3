namespace Graft.Generation.Decoding;

/// <summary>A text that beam search found.</summary>
/// <param name="Tokens">All its tokens, prompt included.</param>
/// <param name="Score">Sum of the new tokens' log-probabilities over their number to the power of <c>length_penalty</c>.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record BeamHypothesis(int[] Tokens, double Score, FinishReason FinishReason);
