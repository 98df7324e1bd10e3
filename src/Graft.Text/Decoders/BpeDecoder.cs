namespace Graft.Text.Decoders;

/// <summary><c>BPEDecoder</c>: the end-of-word suffix becomes a space, at the last token nothing.</summary>
internal sealed class BpeDecoder(string suffix) : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
        => tokens.Select((token, index) => suffix.Length == 0 ? token : token.Replace(suffix, index == tokens.Count - 1 ? string.Empty : " ", StringComparison.Ordinal)).ToList();
}
