using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>Sequence</c>: one after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> normalizers) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text) => normalizers.Aggregate(text, (current, normalizer) => normalizer.Normalize(current));
}
