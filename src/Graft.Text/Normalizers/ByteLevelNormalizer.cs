using Graft.Text.Pipeline;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Normalizers;

/// <summary><c>ByteLevel</c>: spells the text in stand-ins for its UTF-8 bytes.</summary>
internal sealed class ByteLevelNormalizer : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text) => ByteLevelSpelling.Spell(text);
}
