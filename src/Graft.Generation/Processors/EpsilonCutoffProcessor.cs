namespace Graft.Generation.Processors;

/// <summary><c>epsilon_cutoff</c>: forbids tokens with a probability below it; the likeliest always stays.</summary>
public sealed class EpsilonCutoffProcessor : ILogitsProcessor
{
    private readonly double _epsilon;
    private readonly int _minimumKept;
    private readonly ProcessorScratch _scratch;

    internal EpsilonCutoffProcessor(double epsilon, int minimumKept, ProcessorScratch scratch)
    {
        _epsilon = epsilon;
        _minimumKept = minimumKept;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "EpsilonLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
        => ForbidUnlikely(scores, _epsilon, ScoreMath.LogSumExp(scores), _minimumKept, _scratch);

    /// <summary>Forbids tokens with a probability below <paramref name="cutoff"/>, except the <paramref name="minimumKept"/> likeliest.</summary>
    internal static void ForbidUnlikely(Span<float> scores, double cutoff, double logSumExp, int minimumKept, ProcessorScratch scratch)
    {
        // p < cutoff is s < log(cutoff) + log sum exp.
        float threshold = (float)(Math.Log(cutoff) + logSumExp);
        TopKProcessor.ForbidBelow(scores, Math.Min(threshold, Selection.KthLargest(scores, minimumKept, scratch)));
    }
}

/// <summary><c>eta_cutoff</c>: <c>epsilon_cutoff</c> with a cutoff that falls with the entropy, <c>min(e, sqrt(e) * exp(-H))</c>.</summary>
public sealed class EtaCutoffProcessor : ILogitsProcessor
{
    private readonly double _epsilon;
    private readonly int _minimumKept;
    private readonly ProcessorScratch _scratch;

    internal EtaCutoffProcessor(double epsilon, int minimumKept, ProcessorScratch scratch)
    {
        _epsilon = epsilon;
        _minimumKept = minimumKept;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "EtaLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        double total = ScoreMath.LogSumExp(scores);
        double eta = Math.Min(_epsilon, Math.Sqrt(_epsilon) * Math.Exp(-ScoreMath.Entropy(scores, total)));
        EpsilonCutoffProcessor.ForbidUnlikely(scores, eta, total, _minimumKept, _scratch);
    }
}
