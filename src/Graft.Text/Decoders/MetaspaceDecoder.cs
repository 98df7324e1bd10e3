namespace Graft.Text.Decoders;

/// <summary><c>Metaspace</c>: the mark becomes a space; in the first token it vanishes unless the scheme is "never".</summary>
internal sealed class MetaspaceDecoder(char replacement, bool dropFirst) : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
        => tokens.Select((token, index) => dropFirst && index == 0
            ? token.Replace(replacement.ToString(), string.Empty, StringComparison.Ordinal)
            : token.Replace(replacement, ' ')).ToList();
}
