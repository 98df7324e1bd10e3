namespace Graft.Text.PostProcessors;

/// <summary><c>Sequence</c>: one after the other.</summary>
internal sealed class SequencePostProcessor(IReadOnlyList<IPostProcessor> processors) : IPostProcessor
{
    /// <inheritdoc/>
    public int AddedTokens(bool pair) => processors.Sum(processor => processor.AddedTokens(pair));

    /// <inheritdoc/>
    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens)
        => processors.Aggregate(parts, (current, processor) => processor.Process(current, addSpecialTokens));
}
