using Graft.Generation.Processors;
using Graft.Tensors;

namespace Graft.Generation.Sampling;

/// <summary>Chooses a token from processed scores. Nothing is allocated.</summary>
public static class TokenSampler
{
    /// <summary>The token with the highest score; of equals the one with the lowest id.</summary>
    /// <param name="scores">Scores over the vocabulary.</param>
    /// <exception cref="ArgumentException">There is no score, or none above minus infinity, or one is NaN.</exception>
    public static int Greedy(ReadOnlySpan<float> scores)
    {
        float max = ScoreMath.Max(scores);
        return max > float.NegativeInfinity ? scores.IndexOf(max) : throw Unusable(max);
    }

    /// <summary>Draws from <c>softmax(scores)</c> by inverting the cumulative distribution.</summary>
    /// <param name="scores">Scores over the vocabulary.</param>
    /// <param name="uniform">A number in [0, 1), from <see cref="Uniform"/>.</param>
    /// <exception cref="ArgumentException">There is no score, or none above minus infinity, or one is NaN.</exception>
    public static int Draw(ReadOnlySpan<float> scores, double uniform)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(uniform);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(uniform, 1);
        float max = ScoreMath.Max(scores);
        if (!(max > float.NegativeInfinity) || float.IsPositiveInfinity(max))
        {
            throw Unusable(max);
        }

        double target = uniform * ScoreMath.SumExp(scores, max);
        double cumulative = 0;
        int chosen = -1;
        for (int i = 0; i < scores.Length && cumulative <= target; i++)
        {
            float weight = float.IsNegativeInfinity(scores[i]) ? 0 : MathF.Exp(scores[i] - max);
            if (weight > 0)
            {
                // Also the fallback when rounding leaves the last sum at the target.
                chosen = i;
                cumulative += weight;
            }
        }

        return chosen;
    }

    /// <summary>
    /// A number in [0, 1) with 53 random bits that is a function of seed and place, with no state to carry: the same seed gives the
    /// same text, whatever is generated beside it.
    /// </summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="sequence">Which sequence.</param>
    /// <param name="position">Which token of it.</param>
    public static double Uniform(ulong seed, ulong sequence, ulong position)
    {
        (uint a, uint b, _, _) = CounterRandom.Next(seed, sequence, position);
        return ((((ulong)a << 32) | b) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Writes <c>softmax(scores)</c>: what <see cref="Draw"/> draws from.</summary>
    /// <param name="scores">Scores over the vocabulary.</param>
    /// <param name="probabilities">As many probabilities.</param>
    public static void Probabilities(ReadOnlySpan<float> scores, Span<float> probabilities)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(probabilities.Length, scores.Length);
        ScoreMath.Softmax(scores, probabilities);
    }

    private static ArgumentException Unusable(float max) => new(float.IsNaN(max)
        ? "A score is NaN: the model's output is broken, or a setting is extreme; remove_invalid_values would hide it."
        : "No token can be chosen: every score is infinite. The settings forbid the whole vocabulary.");
}
