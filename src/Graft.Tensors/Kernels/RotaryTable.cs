namespace Graft.Tensors;

/// <summary>Cosines and sines of rotary position embeddings (Su et al. 2021), a row a position, computed when first asked for.</summary>
/// <remarks>The angle is <c>position * inverse frequency</c> in fp32, as the reference computes it; its cosine and sine are correctly rounded from double.</remarks>
public unsafe class RotaryTable
{
    private readonly float[] _inverseFrequencies;
    private readonly Func<int, float>? _positionFactor;
    private readonly Lock _gate = new();
    private volatile Table _table;

    /// <summary>A table for given frequencies.</summary>
    /// <param name="inverseFrequencies">Radians per position, one for each pair of columns that rotates.</param>
    /// <param name="attentionFactor">Multiplies cosines and sines (YaRN, LongRoPE).</param>
    /// <param name="positionFactor">Multiplies those of one position, for queries that grow with it; null for none.</param>
    public RotaryTable(float[] inverseFrequencies, float attentionFactor = 1, Func<int, float>? positionFactor = null)
    {
        ArgumentNullException.ThrowIfNull(inverseFrequencies);
        _inverseFrequencies = (float[])inverseFrequencies.Clone();
        _positionFactor = positionFactor;
        AttentionFactor = attentionFactor;
        _table = new Table(new NativeBuffer(0), 0, 0);
    }

    /// <summary>Number of pairs of columns that rotate.</summary>
    public int Pairs => _inverseFrequencies.Length;

    /// <summary>Factor of all cosines and sines.</summary>
    public float AttentionFactor { get; }

    /// <summary>The table to use for the new tokens of a sequence that has <paramref name="length"/> tokens with them.</summary>
    /// <param name="length">Number of tokens so far.</param>
    public virtual RotaryTable ForLength(int length) => this;

    /// <summary>Rows [cos of all pairs][sin of all pairs] for consecutive positions.</summary>
    /// <param name="first">First position.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="owner">Keeps the memory alive: hold on to it while reading.</param>
    /// <returns>The row of <paramref name="first"/>.</returns>
    internal float* Rows(int first, int end, out object owner)
    {
        Table table = _table;
        if (!table.Covers(first, end))
        {
            lock (_gate)
            {
                table = _table;
                if (!table.Covers(first, end))
                {
                    _table = table = Grown(table, first, end);
                }
            }
        }

        owner = table.Memory;
        return (float*)table.Memory.Data + ((long)(first - table.First) * 2 * Pairs);
    }

    // The old memory is left to its finalizer: another thread may still read it. It at least doubles, so decoding rarely comes here.
    private Table Grown(Table old, int first, int end)
    {
        if (old.End > old.First)
        {
            first = Math.Min(first, old.First);
            end = Math.Max(Math.Max(end, old.End), (int)Math.Min(int.MaxValue, (2L * old.End) - old.First));
        }

        long width = 2L * Pairs;
        var memory = new NativeBuffer((end - first) * width * sizeof(float));
        float* rows = (float*)memory.Data;
        long known = (old.End - old.First) * width * sizeof(float);
        Buffer.MemoryCopy(old.Memory.Data, rows + ((old.First - first) * width), known, known);
        for (int position = first; position < end; position++)
        {
            if (position < old.First || position >= old.End)
            {
                Fill(rows + ((position - first) * width), position);
            }
        }

        return new Table(memory, first, end);
    }

    private void Fill(float* row, int position)
    {
        float factor = _positionFactor is null ? AttentionFactor : AttentionFactor * _positionFactor(position);
        for (int i = 0; i < Pairs; i++)
        {
            (double sin, double cos) = Math.SinCos(position * _inverseFrequencies[i]);
            row[i] = (float)cos * factor;
            row[Pairs + i] = (float)sin * factor;
        }
    }

    private sealed class Table(NativeBuffer memory, int first, int end)
    {
        public NativeBuffer Memory { get; } = memory;

        public int First { get; } = first;

        public int End { get; } = end;

        public bool Covers(int first, int end) => first >= First && end <= End;
    }
}
