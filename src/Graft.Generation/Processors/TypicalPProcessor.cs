namespace Graft.Generation.Processors;

/// <summary>
/// <c>typical_p</c> (Meister et al. 2022, arXiv:2202.00666): keeps the tokens whose information is closest to the entropy, as many as
/// it takes to reach the mass. H sums over possible tokens only.
/// </summary>
public sealed class TypicalPProcessor : ILogitsProcessor
{
    private readonly double _mass;
    private readonly int _minimumKept;
    private readonly ProcessorScratch _scratch;

    internal TypicalPProcessor(double mass, int minimumKept, ProcessorScratch scratch)
    {
        if (!(mass > 0 && mass < 1))
        {
            throw new ArgumentException($"typical_p must be above 0 and below 1, or 1 for off, but is {mass}.", nameof(mass));
        }

        _mass = mass;
        _minimumKept = minimumKept;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "TypicalLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        double total = ScoreMath.LogSumExp(scores);
        double entropy = ScoreMath.Entropy(scores, total);
        Span<float> distances = _scratch.Values(scores.Length);
        Span<float> keys = _scratch.Keys(scores.Length);
        Span<int> order = _scratch.Order(scores.Length);
        int possible = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            distances[i] = (float)Math.Abs(total - scores[i] - entropy);
            if (!float.IsNegativeInfinity(scores[i]))
            {
                keys[possible] = distances[i];
                order[possible++] = i;
            }
        }

        keys[..possible].Sort(order[..possible]);
        double mass = 0;
        int last = 0;
        while (last < possible && (mass += Math.Exp(scores[order[last]] - total)) < _mass)
        {
            last++;
        }

        last = Math.Clamp(Math.Max(last, _minimumKept - 1), 0, Math.Max(0, possible - 1));
        float threshold = possible == 0 ? float.PositiveInfinity : keys[last];
        for (int i = 0; i < scores.Length; i++)
        {
            if (distances[i] > threshold)
            {
                scores[i] = float.NegativeInfinity;
            }
        }
    }
}
