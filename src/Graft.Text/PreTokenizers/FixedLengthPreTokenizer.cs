using System.Text;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>FixedLength</c>: pieces of <paramref name="length"/> code points; the last may be shorter.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        var pieces = new List<TextRange>();
        foreach (TextRange piece in text.Pieces)
        {
            int start = piece.Start;
            int count = 0;
            for (int at = piece.Start; at < piece.End;)
            {
                Rune.DecodeFromUtf16(text.Text.Characters[at..piece.End], out _, out int width);
                at += width;
                if (++count == length || at == piece.End)
                {
                    pieces.Add(new TextRange(start, at));
                    (start, count) = (at, 0);
                }
            }
        }

        text.SetPieces(pieces);
    }
}
