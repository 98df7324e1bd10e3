using System.Text;
using Graft.Text.Characters;
using Graft.Text.Patterns;

namespace Graft.Text.PreTokenizers;

/// <summary>The pattern <c>\w+|[^\w\s]+</c> of the pre-tokenizer <c>Whitespace</c>: runs of word characters, runs of neither those nor white space.</summary>
internal sealed class WordPattern : ITextPattern, ITextSearch
{
    /// <inheritdoc/>
    public ITextSearch Search(int length) => this;

    /// <inheritdoc/>
    public bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = from;
        int kind = KindAt(text, start, out int width);
        while (kind == 0)
        {
            start += width;
            kind = KindAt(text, start, out width);
        }

        end = start + width;
        while (kind > 0 && KindAt(text, end, out width) == kind)
        {
            end += width;
        }

        return kind > 0;
    }

    /// <summary>0 for white space, 1 for word characters, 2 for others, -1 at the end.</summary>
    private static int KindAt(ReadOnlySpan<char> text, int position, out int width)
    {
        width = 0;
        if (position >= text.Length)
        {
            return -1;
        }

        Rune.DecodeFromUtf16(text[position..], out Rune rune, out width);
        return CharacterClasses.Word.Contains(rune.Value) ? 1 : CharacterClasses.WhiteSpace.Contains(rune.Value) ? 0 : 2;
    }
}
