namespace Graft.Text.Decoders;

/// <summary><c>Fuse</c>: all tokens become one.</summary>
internal sealed class FuseDecoder : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}
