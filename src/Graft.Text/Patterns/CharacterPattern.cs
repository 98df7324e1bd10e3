using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>Any one character of a set.</summary>
internal sealed class CharacterPattern(CharacterSet set) : ITextPattern, ITextSearch
{
    /// <inheritdoc/>
    public ITextSearch Search(int length) => this;

    /// <inheritdoc/>
    public bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length; start = end)
        {
            Rune.DecodeFromUtf16(text[start..], out Rune rune, out int width);
            end = start + width;
            if (set.Contains(rune.Value))
            {
                return true;
            }
        }

        end = start;
        return false;
    }
}
