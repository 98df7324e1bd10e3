namespace Graft.Generation.Processors;

/// <summary><c>remove_invalid_values</c>: NaN becomes 0, infinities the largest and smallest float. Nothing stays forbidden.</summary>
public sealed class RemoveInvalidProcessor : ILogitsProcessor
{
    /// <inheritdoc/>
    public string Name => "InfNanRemoveLogitsProcessor";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        foreach (ref float score in scores)
        {
            score = float.IsNaN(score) ? 0 : Math.Clamp(score, float.MinValue, float.MaxValue);
        }
    }
}
