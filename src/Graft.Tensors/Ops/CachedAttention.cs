using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Attention of new tokens over all cached ones and each other; appends their keys and values to the cache.</summary>
    /// <remarks>
    /// Inference only. Sequence i of the layout continues slot <c>cache.SlotsOfStep[i]</c>: prompts and single tokens mix freely.
    /// The cache counts the tokens only after <see cref="KeyValueCache.Commit"/>.
    /// </remarks>
    /// <param name="tape">The tape, in inference mode.</param>
    /// <param name="queries">[tokens, any]; the positions of a sequence start at the cached length.</param>
    /// <param name="queryLayout">Columns of the query heads.</param>
    /// <param name="keys">[tokens, any]: keys of the new tokens; may be the same tensor.</param>
    /// <param name="keyLayout">Columns of the key heads.</param>
    /// <param name="values">[tokens, any]; may be the same tensor.</param>
    /// <param name="valueLayout">Columns of the value heads.</param>
    /// <param name="settings">Heads, scale, biases, window; must be causal.</param>
    /// <param name="cache">Where the earlier tokens are.</param>
    /// <param name="layer">Which layer of the cache.</param>
    /// <param name="bias">What is added to scaled scores by distance; none by default.</param>
    /// <returns>[tokens, heads * value head size].</returns>
    public static Tensor CachedAttention(
        Tape tape, Tensor queries, HeadLayout queryLayout, Tensor keys, HeadLayout keyLayout, Tensor values, HeadLayout valueLayout, AttentionSettings settings, KeyValueCache cache, int layer, RelativeBias bias = default)
    {
        using OpProfile.Span span = OpProfile.Measure("cached attention");
        var operands = new AttentionOperands(queries, queryLayout, keys, keyLayout, values, valueLayout, settings, bias);
        operands.Validate();
        ValidateCache(operands, cache, layer, tape);
        Tensor y = tape.NewTensor(queries.Rows, settings.Heads * settings.ValueHeadDim, queries.Sequences, requiresGrad: false);
        CachedAttentionForward.Run(operands, y, cache, layer);
        return y;
    }

    private static void ValidateCache(in AttentionOperands operands, KeyValueCache cache, int layer, Tape tape)
    {
        AttentionSettings settings = operands.Settings;
        SequenceLayout sequences = operands.Queries.Sequences;
        if (tape.Mode != TapeMode.Inference)
        {
            throw new InvalidOperationException("attention with a key-value cache has no backward pass: set the tape to inference");
        }

        if (!settings.Causal)
        {
            throw new ArgumentException("attention with a key-value cache must be causal: cached tokens cannot see later ones");
        }

        ValidateWidths(settings, cache, layer);
        if (cache.SlotsOfStep.Length != sequences.Count)
        {
            throw new ArgumentException($"the batch has {sequences.Count} sequences, the key-value cache got {cache.SlotsOfStep.Length} slots for this step");
        }

        for (int i = 0; i < sequences.Count; i++)
        {
            int row = sequences.Offsets[i];
            int length = cache.LengthOf(cache.SlotsOfStep[i]);
            if (row < sequences.Offsets[i + 1] && sequences.Positions[row] != length)
            {
                throw new ArgumentException($"sequence {i} begins at position {sequences.Positions[row]}, but its slot {cache.SlotsOfStep[i]} holds {length} tokens");
            }

            if (operands.Bias.Exists)
            {
                operands.Bias.Validate(settings.Heads, Math.Max(0, length + sequences.Offsets[i + 1] - row - 1), after: 0);
            }
        }
    }

    private static void ValidateWidths(AttentionSettings settings, KeyValueCache cache, int layer)
    {
        if (cache.KeyWidth != settings.KeyValueHeads * settings.HeadDim || cache.ValueWidth != settings.KeyValueHeads * settings.ValueHeadDim)
        {
            throw new ArgumentException(
                $"the key-value cache holds {cache.KeyWidth} + {cache.ValueWidth} floats a token, the layer makes {settings.KeyValueHeads * settings.HeadDim} + {settings.KeyValueHeads * settings.ValueHeadDim}");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)cache.Layers);
    }
}
