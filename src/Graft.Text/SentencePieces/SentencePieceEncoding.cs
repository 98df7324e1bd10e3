namespace Graft.Text.SentencePieces;

/// <summary>The tokens of a text. All arrays have the same length.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Pieces">What each token covers of the normalized text; for a byte the token itself.</param>
/// <param name="Offsets">What each token covers of the original, in bytes of its UTF-8; of the bytes of a character only the last covers it.</param>
/// <param name="Normalized">The text that was cut.</param>
public sealed record SentencePieceEncoding(int[] Ids, string[] Pieces, (int Start, int End)[] Offsets, string Normalized);
