using System.Text;

namespace Graft.Text.Models;

/// <summary>Finds, for ascending UTF-8 positions of a text, the UTF-16 range of the character that holds them.</summary>
/// <remarks>
/// Positions can fall inside a character: where a model without unk_token drops characters, the tokens after them count from the
/// start of the piece as if those characters had not been there. The tokenizers library does the same.
/// </remarks>
internal ref struct ByteWalk(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;
    private int _unit;
    private int _byte;

    /// <summary>Where the character begins that holds byte <paramref name="position"/>.</summary>
    internal int StartOf(int position)
    {
        MoveTo(position);
        return _unit;
    }

    /// <summary>Where the character ends that holds byte <paramref name="position"/>.</summary>
    internal int EndOf(int position)
    {
        MoveTo(position);
        Rune.DecodeFromUtf16(_text[_unit..], out _, out int width);
        return _unit + width;
    }

    private void MoveTo(int position)
    {
        while (_unit < _text.Length)
        {
            Rune.DecodeFromUtf16(_text[_unit..], out Rune rune, out int width);
            if (_byte + rune.Utf8SequenceLength > position)
            {
                return;
            }

            _byte += rune.Utf8SequenceLength;
            _unit += width;
        }
    }
}
