namespace Graft.Text.SentencePieces;

/// <summary>A token for each character or user-defined symbol.</summary>
internal sealed class CharacterCutter(SentencePieceTable table) : ISentencePieceCutter
{
    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> text, List<SentencePieceSegment> segments)
    {
        while (text.Length > 0)
        {
            int defined = table.Symbols.LongestPrefix(text);
            int length = defined > 0 ? defined : SentencePieceTable.CharacterLength(text);
            segments.Add(new SentencePieceSegment(length, table.IdOf(text[..length])));
            text = text[length..];
        }
    }
}
