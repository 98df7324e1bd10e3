namespace Graft.Text.PostProcessors;

/// <summary><c>ByteLevel</c>: trims offsets, or (without <c>trim_offsets</c>) does nothing.</summary>
internal sealed class ByteLevelPostProcessor(OffsetTrimming? trimming) : IPostProcessor
{
    /// <inheritdoc/>
    public int AddedTokens(bool pair) => 0;

    /// <inheritdoc/>
    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens)
        => trimming is null ? parts : parts.Select(trimming.Apply).ToArray();
}
