namespace Graft.Conformance;

/// <summary>One sequence of a case.</summary>
/// <param name="Ids">Token ids; of an encoder-decoder those of the source.</param>
/// <param name="Labels">Unshifted labels for a model that continues texts, else one for each token of the decoder.</param>
/// <param name="DecoderIds">The decoder's tokens, where they are not the labels shifted.</param>
public readonly record struct CaseSequence(int[] Ids, int[] Labels, int[]? DecoderIds = null);
