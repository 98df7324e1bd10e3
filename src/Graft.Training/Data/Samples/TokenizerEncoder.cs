using Graft.Text;

namespace Graft.Training.Data;

/// <summary>Lets the data pipeline use a tokenizer.</summary>
/// <param name="tokenizer">The tokenizer.</param>
public sealed class TokenizerEncoder(Tokenizer tokenizer) : ITextEncoder
{
    /// <inheritdoc/>
    public int? EosTokenId => tokenizer.EosTokenId;

    /// <inheritdoc/>
    public int? BosTokenId => tokenizer.BosTokenId;

    /// <inheritdoc/>
    public EncodedText Encode(string text)
    {
        Graft.Text.Encoding encoding = tokenizer.Encode(text);
        return new EncodedText(encoding.Ids, encoding.Offsets);
    }
}
