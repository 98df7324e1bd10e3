namespace Graft.Generation.Processors;

/// <summary><c>top_p</c>: the smallest set of likeliest tokens whose probability reaches p; the others are forbidden.</summary>
/// <remarks>
/// A token stays when those above it have less than p together. That is what removing from below while the cumulative probability
/// is at most <c>1 - p</c> comes to, and needs only the top of the vocabulary sorted.
/// </remarks>
public sealed class TopPProcessor : ILogitsProcessor
{
    private const int FirstGuess = 256;
    private const int Growth = 8;

    private readonly double _mass;
    private readonly int _minimumKept;
    private readonly ProcessorScratch _scratch;

    internal TopPProcessor(double mass, int minimumKept, ProcessorScratch scratch)
    {
        if (!(mass >= 0 && mass <= 1))
        {
            throw new ArgumentException($"top_p must be between 0 and 1, but is {mass}.", nameof(mass));
        }

        _mass = mass;
        _minimumKept = minimumKept;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "TopPLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        float max = ScoreMath.Max(scores);
        double total = ScoreMath.SumExp(scores, max);
        Span<int> order = _scratch.Order(scores.Length);
        for (int guess = Math.Max(FirstGuess, _minimumKept); ; guess *= Growth)
        {
            int sorted = Selection.Largest(scores, Math.Min(guess, scores.Length), order, _scratch);
            int kept = CountKept(scores, order[..sorted], max, total);
            if (kept < sorted || sorted < guess || guess >= scores.Length)
            {
                KeepOnly(scores, order[..kept], _scratch);
                return;
            }
        }
    }

    /// <summary>Forbids all tokens but <paramref name="kept"/>.</summary>
    internal static void KeepOnly(Span<float> scores, ReadOnlySpan<int> kept, ProcessorScratch scratch)
    {
        Span<float> values = scratch.Values(kept.Length);
        for (int i = 0; i < kept.Length; i++)
        {
            values[i] = scores[kept[i]];
        }

        scores.Fill(float.NegativeInfinity);
        for (int i = 0; i < kept.Length; i++)
        {
            scores[kept[i]] = values[i];
        }
    }

    private int CountKept(ReadOnlySpan<float> scores, ReadOnlySpan<int> order, float max, double total)
    {
        double above = 0;
        int kept = 0;
        while (kept < order.Length && (above < _mass || kept < _minimumKept))
        {
            above += MathF.Exp(scores[order[kept]] - max) / total;
            kept++;
        }

        return kept;
    }
}
