namespace Graft.Generation.Decoding;

/// <summary>Guesses the next tokens of a text, for the model to check several at once (speculative decoding).</summary>
internal interface IDraft : IDisposable
{
    /// <summary>Guesses.</summary>
    /// <param name="tokens">All tokens so far.</param>
    /// <param name="guesses">Receives the tokens that may follow; its length is the most that are wanted.</param>
    /// <returns>How many were written.</returns>
    int Propose(ReadOnlySpan<int> tokens, Span<int> guesses);
}
