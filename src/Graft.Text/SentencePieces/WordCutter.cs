namespace Graft.Text.SentencePieces;

/// <summary>A token for each word; a word begins at U+2581.</summary>
internal sealed class WordCutter(SentencePieceTable table) : ISentencePieceCutter
{
    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> text, List<SentencePieceSegment> segments)
    {
        ReadOnlySpan<byte> mark = "\u2581"u8;
        while (text.Length > 0)
        {
            int next = text[1..].IndexOf(mark);
            int length = next < 0 ? text.Length : next + 1;
            segments.Add(new SentencePieceSegment(length, table.IdOf(text[..length])));
            text = text[length..];
        }
    }
}
