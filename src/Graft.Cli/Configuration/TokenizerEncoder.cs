using Graft.Text;
using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>Lets the data pipeline use a tokenizer.</summary>
internal sealed class TokenizerEncoder(Tokenizer tokenizer) : ITextEncoder
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
