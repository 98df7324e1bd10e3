namespace Graft.Generation.Processors;

/// <summary>
/// <c>exponential_decay_length_penalty</c>: after <paramref name="start"/> new tokens the end tokens' scores grow,
/// <c>s += |s| * (factor^n - 1)</c> with n the tokens beyond that.
/// </summary>
/// <param name="start">New tokens before it begins.</param>
/// <param name="factor">The base.</param>
/// <param name="endTokens">The end tokens.</param>
public sealed class ExponentialDecayProcessor(int start, double factor, IReadOnlyList<int> endTokens) : ILogitsProcessor
{
    private readonly int[] _endTokens = [.. endTokens];

    /// <inheritdoc/>
    public string Name => "ExponentialDecayLengthPenalty";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        int beyond = context.NewTokens - start;
        if (beyond <= 0)
        {
            return;
        }

        float growth = (float)(Math.Pow(factor, beyond) - 1);
        foreach (int token in _endTokens)
        {
            // A forbidden end token stays forbidden: -inf plus inf would be NaN.
            if ((uint)token < (uint)scores.Length && float.IsFinite(scores[token]))
            {
                scores[token] += MathF.Abs(scores[token]) * growth;
            }
        }
    }
}
