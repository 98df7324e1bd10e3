namespace Graft.Generation.Decoding;

/// <summary>Guesses that a text goes on as it did after the same two tokens, or else the same token, before (<c>prompt_lookup_num_tokens</c>).</summary>
internal sealed class PromptLookupDraft : IDraft
{
    private const int LongestMatch = 2;

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> guesses)
    {
        for (int size = Math.Min(LongestMatch, tokens.Length - 1); size > 0; size--)
        {
            int found = tokens[..^1].IndexOf(tokens[^size..]);
            if (found >= 0)
            {
                ReadOnlySpan<int> next = tokens[(found + size)..];
                next = next[..Math.Min(next.Length, guesses.Length)];
                next.CopyTo(guesses);
                return next.Length;
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
