namespace Graft.Training.Data;

/// <summary>
/// Sequences laid end to end, without padding. Attention and positions work per sequence, so nothing leaks between them.
/// </summary>
public sealed class RaggedBatch
{
    private RaggedBatch(int[] inputIds, int[] labels, int[] offsets, RowSource[] sources)
    {
        InputIds = inputIds;
        Labels = labels;
        Offsets = offsets;
        Sources = sources;
        TrainableTokens = labels.Length - labels.AsSpan().Count(TokenizedSample.Ignored);
    }

    /// <summary>Token ids of all sequences, <c>[tokens]</c>.</summary>
    public int[] InputIds { get; }

    /// <summary>
    /// Labels of all sequences, <c>[tokens]</c>, not shifted. The first label of every sequence is <see cref="TokenizedSample.Ignored"/>,
    /// because nothing comes before it that could predict it.
    /// </summary>
    public int[] Labels { get; }

    /// <summary>Sequence <c>i</c> is tokens <c>Offsets[i] .. Offsets[i + 1]</c>; <c>[sequences + 1]</c> (<c>cu_seq_lens</c>).</summary>
    public int[] Offsets { get; }

    /// <summary>The row that each sequence was made of.</summary>
    public RowSource[] Sources { get; }

    /// <summary>Number of sequences.</summary>
    public int Count => Sources.Length;

    /// <summary>Number of tokens.</summary>
    public int Tokens => InputIds.Length;

    /// <summary>Number of tokens that are learnt: what <c>num_items_in_batch</c> adds up.</summary>
    public int TrainableTokens { get; }

    /// <summary>Lays <paramref name="samples"/> end to end, in the order given by <paramref name="indices"/>.</summary>
    public static RaggedBatch Of(IReadOnlyList<TokenizedSample> samples, ReadOnlySpan<int> indices)
    {
        ArgumentNullException.ThrowIfNull(samples);
        int[] offsets = new int[indices.Length + 1];
        var sources = new RowSource[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            offsets[i + 1] = offsets[i] + samples[indices[i]].Length;
            sources[i] = samples[indices[i]].Source;
        }

        int[] inputIds = new int[offsets[^1]];
        int[] labels = new int[offsets[^1]];
        for (int i = 0; i < indices.Length; i++)
        {
            TokenizedSample sample = samples[indices[i]];
            sample.InputIds.CopyTo(inputIds, offsets[i]);
            sample.Labels.CopyTo(labels, offsets[i]);
            if (sample.Length > 0)
            {
                labels[offsets[i]] = TokenizedSample.Ignored;
            }
        }

        return new RaggedBatch(inputIds, labels, offsets, sources);
    }

    /// <summary>Lays <paramref name="samples"/> end to end.</summary>
    public static RaggedBatch Of(IReadOnlyList<TokenizedSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return Of(samples, EpochOrder.InOrder(samples.Count));
    }
}
