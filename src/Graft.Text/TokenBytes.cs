using System.Globalization;
using Graft.Text.Decoders;

namespace Graft.Text;

/// <summary>What each token stands for inside a text, in UTF-8: tokens of a character's bytes give their bytes, not a replacement character.</summary>
/// <remarks>A token is worked out when it is first asked for; after that nothing is allocated. Threads may share it.</remarks>
public sealed class TokenBytes
{
    // Decoders treat the first token of a text in a special way: what is asked for stands behind this text.
    private const string Anchor = "abcdef";

    private readonly Tokenizer _tokenizer;
    private readonly bool _isByteLevel;
    private readonly int[] _anchor;
    private readonly string _anchorText;
    private readonly byte[]?[] _table;

    /// <summary>The tokens of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    public TokenBytes(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _isByteLevel = tokenizer.Parts.Decoder is ByteLevelDecoder;
        _anchor = tokenizer.Encode(Anchor, addSpecialTokens: false).Ids;
        _anchorText = tokenizer.Decode(_anchor, skipSpecialTokens: false);
        _table = new byte[]?[tokenizer.VocabularySize];
    }

    /// <summary>The bytes of a token; none for an id that does not exist.</summary>
    /// <param name="id">The token's id.</param>
    public ReadOnlySpan<byte> Of(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);

        // Ids need not be dense: added tokens may lie beyond the count.
        return id < _table.Length ? _table[id] ??= Find(id) : Find(id);
    }

    private byte[] Find(int id)
    {
        if (_tokenizer.DecodedToken(id, skipSpecialTokens: false) is not { } token)
        {
            return [];
        }

        if (_isByteLevel)
        {
            var bytes = new List<byte>();
            ByteLevelDecoder.AppendBytes(token, bytes);
            return [.. bytes];
        }

        string text = _tokenizer.Decode([.. _anchor, id], skipSpecialTokens: false);
        text = text.StartsWith(_anchorText, StringComparison.Ordinal) ? text[_anchorText.Length..] : text;
        return text == "\uFFFD" && ByteOf(token) is { } value ? [value] : System.Text.Encoding.UTF8.GetBytes(text);
    }

    /// <summary>The byte that a token such as <c>&lt;0x0A&gt;</c> falls back to, or null.</summary>
    private static byte? ByteOf(string token)
        => token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;
}
