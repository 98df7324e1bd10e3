namespace Graft.Text.SentencePieces;

/// <summary>How a SentencePiece model cuts text; the numbers are those of the file.</summary>
public enum SentencePieceAlgorithm
{
    /// <summary>The likeliest segmentation (Kudo 2018).</summary>
    Unigram = 1,

    /// <summary>Merges, best score first.</summary>
    Bpe = 2,

    /// <summary>Words between spaces.</summary>
    Word = 3,

    /// <summary>Characters.</summary>
    Character = 4,
}
