namespace Graft.Generation.Processors;

/// <summary><c>min_p</c>: forbids tokens less likely than <c>min_p</c> times the likeliest.</summary>
public sealed class MinPProcessor : ILogitsProcessor
{
    private readonly double _part;
    private readonly int _minimumKept;
    private readonly ProcessorScratch _scratch;

    internal MinPProcessor(double part, int minimumKept, ProcessorScratch scratch)
    {
        if (!(part >= 0 && part <= 1))
        {
            throw new ArgumentException($"min_p must be between 0 and 1, but is {part}.", nameof(part));
        }

        _part = part;
        _minimumKept = minimumKept;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "MinPLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        // p < part * max p without computing any p: s < max + log(part).
        float threshold = (float)(ScoreMath.Max(scores) + Math.Log(_part));
        if (_minimumKept > 1)
        {
            threshold = Math.Min(threshold, Selection.KthLargest(scores, _minimumKept, _scratch));
        }

        TopKProcessor.ForbidBelow(scores, threshold);
    }
}
