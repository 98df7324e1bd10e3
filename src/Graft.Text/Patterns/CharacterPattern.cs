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
            int code = text[start];
            end = start + 1;
            if (char.IsSurrogate((char)code))
            {
                Rune.DecodeFromUtf16(text[start..], out Rune rune, out int width);
                (code, end) = (rune.Value, start + width);
            }

            if (set.Contains(code))
            {
                return true;
            }
        }

        end = start;
        return false;
    }
}
