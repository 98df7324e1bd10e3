namespace Graft.Tensors;

/// <summary>Which rows of a token-major matrix belong to which sequence: a ragged batch without padding (design D1).</summary>
/// <remarks>Reused from step to step: clearing and adding allocate only when a batch is larger than any before.</remarks>
public sealed class SequenceLayout
{
    private int[] _offsets = new int[17];
    private int[] _positions = new int[256];
    private ulong[] _keys = new ulong[16];

    /// <summary>Number of sequences.</summary>
    public int Count { get; private set; }

    /// <summary>Number of rows of all sequences together.</summary>
    public int Rows => _offsets[Count];

    /// <summary>First row of each sequence, and the end of the last: <see cref="Count"/> + 1 numbers.</summary>
    public ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, Count + 1);

    /// <summary>Position of each row's token in its sequence, from 0.</summary>
    public ReadOnlySpan<int> Positions => _positions.AsSpan(0, Rows);

    /// <summary>A number for each sequence that names it for the random generator: the same sample has the same in any batch.</summary>
    public ReadOnlySpan<ulong> Keys => _keys.AsSpan(0, Count);

    /// <summary>Forgets all sequences.</summary>
    public void Clear() => Count = 0;

    /// <summary>Appends a sequence whose tokens have consecutive positions.</summary>
    /// <param name="length">Number of tokens.</param>
    /// <param name="firstPosition">Position of its first token: more than 0 when earlier ones are in a cache.</param>
    /// <param name="key">Names the sequence for the random generator.</param>
    public void Add(int length, int firstPosition = 0, ulong key = 0)
    {
        int start = Begin(length, key);
        for (int i = 0; i < length; i++)
        {
            _positions[start + i] = firstPosition + i;
        }
    }

    /// <summary>Appends a sequence whose tokens have the given positions: some rows picked from a longer one.</summary>
    /// <param name="positions">Position of each token.</param>
    /// <param name="key">Names the sequence for the random generator.</param>
    public void Add(ReadOnlySpan<int> positions, ulong key)
    {
        int start = Begin(positions.Length, key);
        positions.CopyTo(_positions.AsSpan(start));
    }

    private int Begin(int length, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int start = Rows;
        int end = checked(start + length);
        if (Count + 1 >= _offsets.Length)
        {
            Array.Resize(ref _keys, _keys.Length * 2);
            Array.Resize(ref _offsets, _keys.Length + 1);
        }

        if (end > _positions.Length)
        {
            Array.Resize(ref _positions, Math.Max(end, _positions.Length * 2));
        }

        _keys[Count] = key;
        Count++;
        _offsets[Count] = end;
        return start;
    }
}
