namespace Graft.Text.SentencePieces;

/// <summary>Cuts normalized text into tokens, in one of the ways that SentencePiece has.</summary>
internal interface ISentencePieceCutter
{
    /// <summary>Appends the segments of <paramref name="text"/>, which is not empty; together they cover it.</summary>
    void Cut(ReadOnlySpan<byte> text, List<SentencePieceSegment> segments);
}
