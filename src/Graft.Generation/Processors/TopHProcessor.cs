namespace Graft.Generation.Processors;

/// <summary>
/// <c>top_h</c> (entropy-bounded sampling): of the 100 likeliest tokens, renormalised, those at the top whose summed
/// <c>-p log p</c> is at most <c>top_h</c> times the entropy; always at least one.
/// </summary>
public sealed class TopHProcessor : ILogitsProcessor
{
    private const int Considered = 100;

    private readonly double _part;
    private readonly ProcessorScratch _scratch;

    internal TopHProcessor(double part, ProcessorScratch scratch)
    {
        if (!(part >= 0 && part <= 1))
        {
            throw new ArgumentException($"top_h must be between 0 and 1, but is {part}.", nameof(part));
        }

        _part = part;
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "TopHLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        Span<int> order = _scratch.Order(scores.Length);
        int count = Math.Min(Considered, Selection.Largest(scores, Math.Min(Considered, scores.Length), order, _scratch));
        if (count == 0)
        {
            return;
        }

        double total = 0;
        for (int i = 0; i < count; i++)
        {
            total += Math.Exp(scores[order[i]] - scores[order[0]]);
        }

        double entropy = 0;
        for (int i = 0; i < count; i++)
        {
            entropy += Term(scores[order[i]] - scores[order[0]], total);
        }

        int kept = 1;
        double sum = Term(0, total);
        while (kept < count && (sum += Term(scores[order[kept]] - scores[order[0]], total)) <= _part * entropy)
        {
            kept++;
        }

        TopPProcessor.KeepOnly(scores, order[..kept], _scratch);
    }

    private static double Term(double score, double total)
    {
        double log = score - Math.Log(total);
        return -log * Math.Exp(log);
    }
}
