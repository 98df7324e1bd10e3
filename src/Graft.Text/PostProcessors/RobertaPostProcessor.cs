namespace Graft.Text.PostProcessors;

/// <summary><c>RobertaProcessing</c>: &lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;, type ids 0 throughout, offsets trimmed on request.</summary>
internal sealed class RobertaPostProcessor(int separator, int start, OffsetTrimming? trimming) : IPostProcessor
{
    /// <inheritdoc/>
    public int AddedTokens(bool pair) => pair ? 4 : 2;

    /// <inheritdoc/>
    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens)
    {
        IEnumerable<Encoding> processed = parts.Select(part => (trimming?.Apply(part) ?? part).WithTypeId(0));
        if (addSpecialTokens)
        {
            processed = processed.Select((part, index) => SpecialTokenFrame.Around(part.WithTypeIdThroughout(0), [index == 0 ? start : separator], [separator], typeId: 0));
        }

        return processed.ToArray();
    }
}
