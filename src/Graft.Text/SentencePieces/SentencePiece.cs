namespace Graft.Text.SentencePieces;

/// <summary>A token of a SentencePiece model.</summary>
/// <param name="Text">Its text, with U+2581 for spaces.</param>
/// <param name="Score">Unigram: its log probability. BPE: minus its rank.</param>
/// <param name="Kind">What it is for.</param>
public readonly record struct SentencePiece(string Text, float Score, SentencePieceKind Kind = SentencePieceKind.Normal);
