namespace Graft.Generation.Processors;

/// <summary><c>top_k</c>: forbids what is below the k-th largest score; equals of that stay.</summary>
public sealed class TopKProcessor : ILogitsProcessor
{
    private readonly int _count;
    private readonly ProcessorScratch _scratch;

    internal TopKProcessor(int count, int minimumKept, ProcessorScratch scratch)
    {
        if (count <= 0)
        {
            throw new ArgumentException($"top_k must be above 0, or 0 for off, but is {count}.", nameof(count));
        }

        _count = Math.Max(count, minimumKept);
        _scratch = scratch;
    }

    /// <inheritdoc/>
    public string Name => "TopKLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
        => ForbidBelow(scores, Selection.KthLargest(scores, _count, _scratch));

    internal static void ForbidBelow(Span<float> scores, float threshold)
    {
        foreach (ref float score in scores)
        {
            if (score < threshold)
            {
                score = float.NegativeInfinity;
            }
        }
    }
}
