namespace Graft.Text.PostProcessors;

/// <summary><c>BertProcessing</c>: [CLS] A [SEP] B [SEP].</summary>
internal sealed class BertPostProcessor(int separator, int start) : IPostProcessor
{
    /// <inheritdoc/>
    public int AddedTokens(bool pair) => pair ? 3 : 2;

    /// <inheritdoc/>
    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens)
    {
        if (!addSpecialTokens)
        {
            return parts;
        }

        return parts.Select((part, index) => SpecialTokenFrame.Around(part, index == 0 ? [start] : [], [separator], typeId: index)).ToArray();
    }
}
