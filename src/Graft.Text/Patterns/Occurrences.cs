using System.Text;
using Graft.Text.Pipeline;

namespace Graft.Text.Patterns;

/// <summary>Walks the occurrences of a pattern from left to right without overlap.</summary>
/// <remarks>An empty occurrence counts, except right after the one before it: <c>a*</c> occurs in "baac" at 0-0, 1-3 and 4-4.</remarks>
internal ref struct Occurrences(ITextSearch search, ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;
    private int _from;
    private int _lastEnd = -1;

    /// <summary>The next occurrence.</summary>
    internal bool TryNext(out TextRange range)
    {
        while (_from <= _text.Length && search.TryFind(_text, _from, out int start, out int end))
        {
            if (start == end && end == _lastEnd)
            {
                _from = end == _text.Length ? end + 1 : end + Width(end);
                continue;
            }

            (_from, _lastEnd) = (end, end);
            range = new TextRange(start, end);
            return true;
        }

        range = default;
        return false;
    }

    private readonly int Width(int position)
    {
        Rune.DecodeFromUtf16(_text[position..], out _, out int width);
        return width;
    }
}
