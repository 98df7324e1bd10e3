namespace Graft.Tensors;

/// <summary>Cosines and sines of rotary position embeddings (Su et al. 2021), a row a position, computed when first asked for.</summary>
/// <remarks>The angle is <c>position * inverse frequency</c> in fp32, as the reference computes it; its cosine and sine are correctly rounded from double.</remarks>
public sealed unsafe class RotaryTable
{
    private readonly float[] _inverseFrequencies;
    private readonly Lock _gate = new();
    private volatile Table _table;

    /// <summary>A table for given frequencies.</summary>
    /// <param name="inverseFrequencies">Radians per position, one for each pair of columns that rotates.</param>
    /// <param name="attentionFactor">Multiplies cosines and sines (YaRN, LongRoPE).</param>
    public RotaryTable(float[] inverseFrequencies, float attentionFactor = 1)
    {
        ArgumentNullException.ThrowIfNull(inverseFrequencies);
        _inverseFrequencies = (float[])inverseFrequencies.Clone();
        AttentionFactor = attentionFactor;
        _table = new Table(new NativeBuffer(0), 0);
    }

    /// <summary>Number of pairs of columns that rotate.</summary>
    public int Pairs => _inverseFrequencies.Length;

    /// <summary>Factor of all cosines and sines.</summary>
    public float AttentionFactor { get; }

    /// <summary>Rows [cos of all pairs][sin of all pairs] for positions 0 to at least <paramref name="count"/> - 1.</summary>
    /// <param name="count">Number of positions.</param>
    /// <param name="owner">Keeps the memory alive: hold on to it while reading.</param>
    internal float* Rows(int count, out object owner)
    {
        Table table = _table;
        if (table.Positions < count)
        {
            lock (_gate)
            {
                table = _table;
                if (table.Positions < count)
                {
                    _table = table = Grown(table, count);
                }
            }
        }

        owner = table.Memory;
        return (float*)table.Memory.Data;
    }

    // The old memory is left to its finalizer: another thread may still read it.
    private Table Grown(Table old, int count)
    {
        int positions = Math.Max(256, old.Positions);
        while (positions < count)
        {
            positions = checked(positions * 2);
        }

        int pairs = Pairs;
        long width = 2L * pairs;
        var memory = new NativeBuffer(positions * width * sizeof(float));
        float* rows = (float*)memory.Data;
        long known = old.Positions * width * sizeof(float);
        Buffer.MemoryCopy(old.Memory.Data, rows, memory.ByteLength, known);
        for (int position = old.Positions; position < positions; position++)
        {
            float* row = rows + (position * width);
            for (int i = 0; i < pairs; i++)
            {
                float angle = position * _inverseFrequencies[i];
                row[i] = (float)Math.Cos(angle) * AttentionFactor;
                row[pairs + i] = (float)Math.Sin(angle) * AttentionFactor;
            }
        }

        return new Table(memory, positions);
    }

    private sealed class Table(NativeBuffer memory, int positions)
    {
        public NativeBuffer Memory { get; } = memory;

        public int Positions { get; } = positions;
    }
}
