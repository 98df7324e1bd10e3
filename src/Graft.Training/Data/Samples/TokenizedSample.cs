using Graft.Models;

namespace Graft.Training.Data;

/// <summary>A training sample.</summary>
/// <param name="InputIds">Token ids. With a source: what the decoder reads, the labels one place later after its start token.</param>
/// <param name="Labels">For each token its own id when it is learnt, otherwise <see cref="Ignored"/>; not shifted. With a source: what each token should lead to.</param>
/// <param name="Source">The row it was made of.</param>
public sealed record TokenizedSample(int[] InputIds, int[] Labels, RowSource Source)
{
    /// <summary>The label of a token that is not learnt.</summary>
    public const int Ignored = -100;

    /// <summary>Token ids of the source that an encoder-decoder reads; null for models that continue texts.</summary>
    public int[]? SourceIds { get; init; }

    /// <summary>Number of tokens.</summary>
    public int Length => InputIds.Length;

    /// <summary>Number of tokens that are learnt. Without a source the first token is never predicted, so its label does not count.</summary>
    public int TrainableTokens => SourceIds is null ? CountTrainable(Labels) : Labels.Length - Labels.AsSpan().Count(Ignored);

    /// <summary>A sample for an encoder-decoder.</summary>
    /// <param name="sourceIds">The text to read; at least one token.</param>
    /// <param name="labels">The text to write; <see cref="Ignored"/> for tokens that are not learnt.</param>
    /// <param name="model">The model: it says what the decoder reads.</param>
    /// <param name="source">The row that it was made of.</param>
    public static TokenizedSample ForSource(int[] sourceIds, int[] labels, Seq2SeqLanguageModel model, RowSource source)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new TokenizedSample(model.DecoderInputs(labels), labels, source) { SourceIds = sourceIds };
    }

    /// <summary>The tokens from <paramref name="start"/> on.</summary>
    public TokenizedSample Slice(int start, int length) => new(InputIds[start..(start + length)], Labels[start..(start + length)], Source);

    internal static int CountTrainable(ReadOnlySpan<int> labels) => labels.Length == 0 ? 0 : labels.Length - 1 - labels[1..].Count(Ignored);
}
