namespace Graft.Generation;

/// <summary>A finished text.</summary>
public sealed record GeneratedText
{
    /// <summary>Which prompt it continues, from 0.</summary>
    public required int PromptIndex { get; init; }

    /// <summary>What was generated, without the prompt: up to the end token or the stop string, which are not part of it.</summary>
    public required string Text { get; init; }

    /// <summary>The prompt's tokens.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>The generated tokens, with the end token or all of the token that completes a stop string.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The stop string that ended it, where it was found in the text; null otherwise.</summary>
    public string? StopString { get; init; }

    /// <summary>Score of beam search: the sum of the tokens' log-probabilities over length to the power of <c>length_penalty</c>; null without.</summary>
    public double? Score { get; init; }
}
