using Graft.Generation.Sampling;
using Graft.Models;

namespace Graft.Generation.Decoding;

/// <summary>Guesses what a smaller model would say, greedily.</summary>
/// <remarks>Leviathan et al. 2022, "Fast Inference from Transformers via Speculative Decoding".</remarks>
internal sealed class AssistantDraft : IDraft
{
    private readonly CachedModel _model;
    private readonly List<int> _cached = [];
    private readonly int _slot;

    public AssistantDraft(LanguageModel assistant)
    {
        _model = new CachedModel(assistant);
        _slot = _model.Cache.AddSequence();
    }

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> guesses)
    {
        if (tokens.Length + guesses.Length > (_model.Model.Config.MaximumPositions ?? int.MaxValue))
        {
            return 0;
        }

        // Guesses that were wrong are forgotten. The last token is always fed: its logits are wanted.
        int known = Math.Min(tokens.CommonPrefixLength(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_cached)), tokens.Length - 1);
        _cached.RemoveRange(known, _cached.Count - known);
        _model.Cache.Truncate(_slot, known);
        int guess = Next(tokens[known..], decoding: known > 0);
        for (int i = 0; i < guesses.Length; i++)
        {
            guesses[i] = guess;
            guess = i + 1 < guesses.Length ? Next(guesses.Slice(i, 1), decoding: true) : guess;
        }

        return guesses.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private int Next(ReadOnlySpan<int> tokens, bool decoding)
    {
        _model.Begin();
        int row = _model.Feed(_slot, tokens, logitRows: 1);
        int token = TokenSampler.Greedy(_model.Run(decoding)!.Row(row));
        _cached.AddRange(tokens);
        return token;
    }
}
