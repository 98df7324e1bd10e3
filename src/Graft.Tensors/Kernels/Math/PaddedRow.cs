using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>A row of any length, read and written sixteen lanes at a time: its last lanes go through a buffer.</summary>
/// <remarks>Choosing between row and buffer is a conditional move; a call that handles the remainder would make a loop spill all of its registers.</remarks>
internal readonly unsafe struct PaddedRow
{
    /// <summary>Length of the buffer.</summary>
    public const int Padding = Lanes.Count;

    private readonly float* _row;
    private readonly float* _tail;
    private readonly int _full;

    /// <summary>Copies what does not fill sixteen lanes to the buffer.</summary>
    /// <param name="row">First number.</param>
    /// <param name="count">Length of the row.</param>
    /// <param name="buffer">Room for <see cref="Padding"/> numbers, of this row alone.</param>
    /// <param name="fill">What the lanes past the end read as.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PaddedRow(float* row, int count, float* buffer, float fill = 0)
    {
        _row = row;
        _tail = buffer;
        _full = count - (count % Lanes.Count);
        if (_full < count && row != null)
        {
            CopyTail(row + _full, count - _full, buffer, fill);
        }
    }

    /// <summary>Whether there is no row.</summary>
    public bool IsNull => _row == null;

    /// <summary>Sixteen lanes.</summary>
    /// <param name="i">Index of the first; a multiple of sixteen.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLanes Load<TLanes>(int i)
        where TLanes : struct, ILanes<TLanes>
        => TLanes.Load(i < _full ? _row + i : _tail);

    /// <summary>Writes sixteen lanes; the last ones of the row arrive only with <see cref="Flush"/>.</summary>
    /// <param name="value">The lanes.</param>
    /// <param name="i">Index of the first; a multiple of sixteen.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLanes>(TLanes value, int i)
        where TLanes : struct, ILanes<TLanes>
        => value.Store(i < _full ? _row + i : _tail);

    /// <summary>Copies the buffer to the end of the row.</summary>
    /// <param name="count">Length of the row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Flush(int count)
    {
        if (_full < count)
        {
            new Span<float>(_tail, count - _full).CopyTo(new Span<float>(_row + _full, count - _full));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyTail(float* source, int count, float* buffer, float fill)
    {
        new Span<float>(buffer, Padding).Fill(fill);
        new Span<float>(source, count).CopyTo(new Span<float>(buffer, Padding));
    }
}
