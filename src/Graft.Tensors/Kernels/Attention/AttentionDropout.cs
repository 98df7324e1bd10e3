namespace Graft.Tensors.Kernels;

/// <summary>Dropout of attention probabilities: a mask that is computed where it is used, in the forward and in the backward pass.</summary>
/// <remarks>
/// The mask is a function of the step's seed, the op's ordinal, the sequence's key, the head, the query and the key: nothing is saved,
/// and a sample gets the same mask in any batch. One call of the generator serves 64 queries: query i takes word <c>i / 16 % 4</c> of
/// counter <c>i / 64 * 16 + i % 16</c>, with the key as the counter's upper half.
/// </remarks>
internal readonly unsafe struct AttentionDropout
{
    private const int CountersPerPanel = QueryPanel.MaxQueries / 4;

    private readonly ulong _key;
    private readonly uint _threshold;
    private readonly float _factor;

    private AttentionDropout(ulong key, uint threshold, float factor)
    {
        (_key, _threshold, _factor) = (key, threshold, factor);
    }

    /// <summary>Whether anything is dropped.</summary>
    public bool Exists => _factor != 0;

    /// <summary>The mask of an op.</summary>
    /// <param name="probability">Of an element to become zero, in (0, 1).</param>
    /// <param name="seed">Seed of the step.</param>
    /// <param name="ordinal">Number of the op in the step.</param>
    public static AttentionDropout Of(float probability, ulong seed, int ordinal)
        => new(CounterRandom.Derive(seed, (ulong)ordinal), (uint)(probability * 4294967296.0), 1 / (1 - probability));

    /// <summary>The mask of one head over one sequence.</summary>
    /// <param name="sequence">Key of the sequence.</param>
    /// <param name="head">Index of the query head.</param>
    public AttentionDropout ForHead(ulong sequence, int head)
        => Exists ? new(CounterRandom.Derive(CounterRandom.Derive(_key, sequence), (ulong)head), _threshold, _factor) : default;

    /// <summary>What the probability of one pair is multiplied by: 0 or <c>1 / (1 - probability)</c>.</summary>
    /// <param name="query">Query row.</param>
    /// <param name="key">Key row.</param>
    public float FactorOf(int query, int key)
    {
        if (!Exists)
        {
            return 1;
        }

        ulong counter = (ulong)((query / QueryPanel.MaxQueries * CountersPerPanel) + (query % CountersPerPanel));
        (uint a, uint b, uint c, uint d) = CounterRandom.Next(_key, (ulong)key, counter);
        uint bits = (query / CountersPerPanel % 4) switch { 0 => a, 1 => b, 2 => c, _ => d };
        return bits >= _threshold ? _factor : 0;
    }

    /// <summary>The factors of a panel of queries and a range of keys.</summary>
    /// <param name="panel">The queries; the first is a multiple of <see cref="QueryPanel.MaxQueries"/>.</param>
    /// <param name="firstKey">First key.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="factors">Receives [keys, lanes of the panel]; up to 15 floats behind are overwritten too.</param>
    public void Fill(in QueryPanel panel, int firstKey, int keys, float* factors)
    {
        switch (InstructionSet.Current)
        {
            case Isa.Avx512:
                Fill<Lanes512>(panel, firstKey, keys, factors);
                break;
            case Isa.Avx2:
                Fill<Lanes256>(panel, firstKey, keys, factors);
                break;
            case Isa.Vector128:
                Fill<Lanes128>(panel, firstKey, keys, factors);
                break;
            default:
                Fill<LanesScalar>(panel, firstKey, keys, factors);
                break;
        }
    }

    private void Fill<TLanes>(in QueryPanel panel, int firstKey, int keys, float* factors)
        where TLanes : struct, ILanes<TLanes>
    {
        uint first = (uint)(panel.First / QueryPanel.MaxQueries * CountersPerPanel);
        int words = (panel.Lanes + Lanes.Count - 1) / Lanes.Count;
        TLanes factor = TLanes.Broadcast(_factor);
        for (int i = 0; i < keys; i++)
        {
            // Where the last word reaches past the row, the next row overwrites it.
            float* row = factors + ((nint)i * panel.Lanes);
            CounterLanes.Next(_key, (ulong)(firstKey + i), first, out TLanes a, out TLanes b, out TLanes c, out TLanes d);
            TLanes.WhereAtLeast(a, _threshold, factor).Store(row);
            if (words > 1)
            {
                TLanes.WhereAtLeast(b, _threshold, factor).Store(row + Lanes.Count);
            }

            if (words > 2)
            {
                TLanes.WhereAtLeast(c, _threshold, factor).Store(row + (2 * Lanes.Count));
            }

            if (words > 3)
            {
                TLanes.WhereAtLeast(d, _threshold, factor).Store(row + (3 * Lanes.Count));
            }
        }
    }
}
