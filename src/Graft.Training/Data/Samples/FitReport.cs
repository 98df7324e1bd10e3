namespace Graft.Training.Data;

/// <summary>What the length limit and the rule for untrainable samples did; nothing is lost silently.</summary>
public sealed record FitReport
{
    /// <summary>Samples that were cut.</summary>
    public int TruncatedSamples { get; init; }

    /// <summary>Learnt tokens that cutting took away.</summary>
    public long LostTrainableTokens { get; init; }

    /// <summary>
    /// Samples that begin with two beginning-of-sequence tokens: the tokenizer adds one, so the text should not. They are kept; the model
    /// has never seen such a beginning, so it is worth a warning.
    /// </summary>
    public int DoubledBosSamples { get; init; }

    /// <summary>Samples left out because they were too long.</summary>
    public IReadOnlyList<SkippedRow> TooLong { get; init; } = [];

    /// <summary>Samples left out because no token in them is learnt.</summary>
    public IReadOnlyList<SkippedRow> Untrainable { get; init; } = [];
}
