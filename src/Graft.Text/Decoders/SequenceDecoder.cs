namespace Graft.Text.Decoders;

/// <summary><c>Sequence</c>: one after the other.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> decoders) : IDecoder
{
    /// <summary>The steps.</summary>
    internal IReadOnlyList<IDecoder> Decoders => decoders;

    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => decoders.Aggregate(tokens, (current, decoder) => decoder.Decode(current));
}
