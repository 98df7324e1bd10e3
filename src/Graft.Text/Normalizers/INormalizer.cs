using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary>Rewrites a text before it is cut into pieces.</summary>
internal interface INormalizer
{
    /// <summary>The normalized text, aligned with the original.</summary>
    AlignedText Normalize(AlignedText text);
}
