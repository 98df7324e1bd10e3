namespace Graft.Text.Models;

/// <summary>The options of a BPE model, named as in tokenizer.json.</summary>
internal sealed record BpeOptions
{
    /// <summary>Token for characters outside the vocabulary; without it they vanish.</summary>
    internal string? UnknownToken { get; init; }

    /// <summary>Prefix of every symbol but the first of a piece.</summary>
    internal string ContinuingSubwordPrefix { get; init; } = string.Empty;

    /// <summary>Suffix of the last symbol of a piece.</summary>
    internal string EndOfWordSuffix { get; init; } = string.Empty;

    /// <summary>Whether neighbouring unknown characters are one token.</summary>
    internal bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown character is spelled in byte tokens if the vocabulary has them all.</summary>
    internal bool ByteFallback { get; init; }

    /// <summary>Whether a piece that is in the vocabulary is taken whole.</summary>
    internal bool IgnoreMerges { get; init; }

    /// <summary>Probability with which a merge is passed over, 0 to 1.</summary>
    internal double Dropout { get; init; }
}
