namespace Graft.Text.PostProcessors;

/// <summary>A piece of a template: a text (<paramref name="Sequence"/> 0 or 1) or special tokens.</summary>
internal sealed record TemplatePiece(int? Sequence, int[] SpecialIds, int TypeId);

/// <summary><c>TemplateProcessing</c>: texts and special tokens in the order of a template.</summary>
/// <remarks>Without special tokens the order and the type ids of the template still hold.</remarks>
internal sealed class TemplatePostProcessor(IReadOnlyList<TemplatePiece> single, IReadOnlyList<TemplatePiece> pair) : IPostProcessor
{
    /// <inheritdoc/>
    public int AddedTokens(bool pair1) => (pair1 ? pair : single).Sum(piece => piece.SpecialIds.Length);

    /// <inheritdoc/>
    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens)
    {
        var processed = new List<Encoding>();
        foreach (TemplatePiece piece in parts.Count > 1 ? pair : single)
        {
            if (piece.Sequence is { } sequence)
            {
                processed.Add(parts[sequence].WithTypeId(piece.TypeId));
            }
            else if (addSpecialTokens)
            {
                processed.Add(Encoding.OfSpecial(piece.SpecialIds, piece.TypeId));
            }
        }

        return processed;
    }
}
