namespace Graft.Training.Data;

/// <summary>A training sample.</summary>
/// <param name="InputIds">Token ids.</param>
/// <param name="Labels">For each token its own id when it is learnt, otherwise <see cref="Ignored"/>; not shifted.</param>
/// <param name="Source">The row it was made of.</param>
public sealed record TokenizedSample(int[] InputIds, int[] Labels, RowSource Source)
{
    /// <summary>The label of a token that is not learnt.</summary>
    public const int Ignored = -100;

    /// <summary>Number of tokens.</summary>
    public int Length => InputIds.Length;

    /// <summary>Number of tokens that are learnt. The first token is never predicted, so its label does not count.</summary>
    public int TrainableTokens => CountTrainable(Labels);

    /// <summary>The tokens from <paramref name="start"/> on.</summary>
    public TokenizedSample Slice(int start, int length) => new(InputIds[start..(start + length)], Labels[start..(start + length)], Source);

    internal static int CountTrainable(ReadOnlySpan<int> labels) => labels.Length == 0 ? 0 : labels.Length - 1 - labels[1..].Count(Ignored);
}
