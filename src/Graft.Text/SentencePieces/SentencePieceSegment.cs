namespace Graft.Text.SentencePieces;

/// <summary>A piece of a normalized text: its length in bytes and the token that it is.</summary>
internal readonly record struct SentencePieceSegment(int Length, int Id);
