using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>Strip</c>: white space at the ends goes.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        int start = 0;
        int end = text.Length;
        while (left && start < end && CharacterClasses.WhiteSpace.Contains(text.Characters[start]))
        {
            start++;
        }

        while (right && end > start && CharacterClasses.WhiteSpace.Contains(text.Characters[end - 1]))
        {
            end--;
        }

        return text.Slice(new TextRange(start, end));
    }
}
