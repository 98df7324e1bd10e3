namespace Graft.Text.Pipeline;

/// <summary>A text and the pieces that pre-tokenizers have cut it into so far, in order. The model sees each piece alone.</summary>
internal sealed class PreTokenizedText(AlignedText text)
{
    /// <summary>The text, as pre-tokenizers have rewritten it.</summary>
    internal AlignedText Text { get; private set; } = text;

    /// <summary>The pieces; none is empty.</summary>
    internal List<TextRange> Pieces { get; private set; } = text.Length == 0 ? [] : [new TextRange(0, text.Length)];

    /// <summary>Replaces the pieces by finer ones.</summary>
    internal void SetPieces(List<TextRange> pieces) => Pieces = pieces;

    /// <summary>Replaces text and pieces.</summary>
    internal void Rewrite(AlignedText text, List<TextRange> pieces) => (Text, Pieces) = (text, pieces);
}
