using Graft.Text;

namespace Graft.Training.Data;

/// <summary>Encodes texts with a model's tokenizer.</summary>
public sealed class TokenizerEncoder : ITextEncoder
{
    private readonly Tokenizer _tokenizer;

    /// <summary>Wraps a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="eosToken">The token that ends a text, when it is not the tokenizer's own (TRL's <c>eos_token</c>).</param>
    /// <exception cref="ArgumentException">The tokenizer does not have that token.</exception>
    public TokenizerEncoder(Tokenizer tokenizer, string? eosToken = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        EosTokenId = eosToken is null
            ? tokenizer.EosTokenId
            : tokenizer.TokenToId(eosToken) ?? throw new ArgumentException($"eos_token '{eosToken}' is not in the tokenizer's vocabulary", nameof(eosToken));
    }

    /// <inheritdoc/>
    public int? EosTokenId { get; }

    /// <inheritdoc/>
    public int? BosTokenId => _tokenizer.BosTokenId;

    /// <inheritdoc/>
    public EncodedText Encode(string text)
    {
        Encoding encoding = _tokenizer.Encode(text);
        return new EncodedText(encoding.Ids, encoding.Offsets);
    }
}
