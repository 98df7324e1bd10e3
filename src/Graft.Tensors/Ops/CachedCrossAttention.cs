using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Puts keys and values of encoded sources into a cache, for <see cref="CachedCrossAttention"/>.</summary>
    /// <remarks>Sequence i goes to slot <c>cache.SlotsOfStep[i]</c>. The cache counts the tokens only after <see cref="KeyValueCache.Commit"/>.</remarks>
    /// <param name="keys">[source tokens, any].</param>
    /// <param name="keyLayout">Columns of the key heads.</param>
    /// <param name="values">[source tokens, any]; may be the same tensor.</param>
    /// <param name="valueLayout">Columns of the value heads.</param>
    /// <param name="settings">Heads.</param>
    /// <param name="cache">Where they go.</param>
    /// <param name="layer">Which layer of the cache.</param>
    public static void CacheKeysAndValues(Tensor keys, HeadLayout keyLayout, Tensor values, HeadLayout valueLayout, AttentionSettings settings, KeyValueCache cache, int layer)
    {
        settings.Validate();
        keyLayout.Validate("attention keys", keys, settings.KeyValueHeads, settings.HeadDim);
        valueLayout.Validate("attention values", values, settings.KeyValueHeads, settings.ValueHeadDim);
        ValidateWidths(settings, cache, layer);
        if (cache.SlotsOfStep.Length != keys.Sequences.Count)
        {
            throw new ArgumentException($"the batch has {keys.Sequences.Count} sources, the key-value cache got {cache.SlotsOfStep.Length} slots for this step");
        }

        CachedAttentionForward.Append(new AttentionOperands(keys, keyLayout, keys, keyLayout, values, valueLayout, settings), cache, layer);
    }

    /// <summary>Attention of tokens over the cached keys and values of their sources: the decoder's view of the encoder while generating.</summary>
    /// <remarks>Inference only. Nothing is appended, so several sequences, such as the beams of a text, may share a slot.</remarks>
    /// <param name="tape">The tape, in inference mode.</param>
    /// <param name="queries">[tokens, any].</param>
    /// <param name="queryLayout">Columns of the query heads.</param>
    /// <param name="settings">Heads and scale; not causal, without a window.</param>
    /// <param name="cache">Where the sources are.</param>
    /// <param name="layer">Which layer of the cache.</param>
    /// <param name="slots">The slot of each sequence's source.</param>
    /// <returns>[tokens, heads * value head size].</returns>
    public static Tensor CachedCrossAttention(Tape tape, Tensor queries, HeadLayout queryLayout, AttentionSettings settings, KeyValueCache cache, int layer, ReadOnlySpan<int> slots)
    {
        using OpProfile.Span span = OpProfile.Measure("cached cross-attention");
        settings.Validate();
        queryLayout.Validate("attention queries", queries, settings.Heads, settings.HeadDim);
        ValidateWidths(settings, cache, layer);
        if (tape.Mode != TapeMode.Inference)
        {
            throw new InvalidOperationException("attention with a key-value cache has no backward pass: set the tape to inference");
        }

        if (settings.Causal || settings.Window != 0 || settings.Alibi != AlibiForm.None)
        {
            throw new ArgumentException("attention over cached sources must be neither causal nor have a window or linear biases");
        }

        if (slots.Length != queries.Sequences.Count)
        {
            throw new ArgumentException($"the batch has {queries.Sequences.Count} sequences, but there are {slots.Length} slots of their sources");
        }

        for (int i = 0; i < slots.Length; i++)
        {
            if (cache.LengthOf(slots[i]) == 0)
            {
                throw new ArgumentException($"the source of sequence {i}, slot {slots[i]}, holds no tokens");
            }
        }

        Tensor y = tape.NewTensor(queries.Rows, settings.Heads * settings.ValueHeadDim, queries.Sequences, requiresGrad: false);

        // Keys and values come from the cache alone.
        var operands = new AttentionOperands(queries, queryLayout, queries, queryLayout, queries, queryLayout, settings);
        CachedAttentionForward.RunCross(operands, y, cache, layer, slots);
        return y;
    }
}
