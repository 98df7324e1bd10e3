namespace Graft.Generation;

/// <summary>How long a text may become: a number of new tokens, or a total that counts the prompt.</summary>
public readonly record struct LengthLimit
{
    private readonly int? _newTokens;
    private readonly int? _total;

    private LengthLimit(int? newTokens, int? total) => (_newTokens, _total) = (newTokens, total);

    /// <summary>So many new tokens.</summary>
    /// <param name="tokens">New tokens.</param>
    /// <param name="maximumTotal">A bound on the whole text.</param>
    public static LengthLimit New(int tokens, int? maximumTotal = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        return new LengthLimit(tokens, maximumTotal);
    }

    /// <summary>So many tokens, prompt included.</summary>
    /// <param name="tokens">Tokens in all.</param>
    public static LengthLimit Total(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        return new LengthLimit(null, tokens);
    }

    /// <summary>The longest text after a prompt of <paramref name="promptLength"/> tokens, prompt included.</summary>
    /// <param name="promptLength">Length of the prompt; 1, the decoder start token, for encoder-decoder models.</param>
    public int TotalFor(int promptLength) => _newTokens is { } tokens
        ? Math.Min(promptLength + tokens, _total ?? int.MaxValue)
        : _total ?? int.MaxValue;
}
