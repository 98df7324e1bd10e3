namespace Graft.Text.Models;

/// <summary>A heap of numbers that gives the smallest first.</summary>
internal sealed class CandidateHeap(int capacity)
{
    private long[] _items = new long[Math.Max(4, capacity)];
    private int _count;

    /// <summary>Adds a number.</summary>
    internal void Add(long item)
    {
        if (_count == _items.Length)
        {
            Array.Resize(ref _items, 2 * _count);
        }

        int at = _count++;
        while (at > 0 && item < _items[(at - 1) / 2])
        {
            _items[at] = _items[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _items[at] = item;
    }

    /// <summary>Takes the smallest number.</summary>
    internal bool TryTake(out long smallest)
    {
        if (_count == 0)
        {
            smallest = 0;
            return false;
        }

        smallest = _items[0];
        long moved = _items[--_count];
        int at = 0;
        for (int child = 1; child < _count; child = (2 * at) + 1)
        {
            child += child + 1 < _count && _items[child + 1] < _items[child] ? 1 : 0;
            if (moved <= _items[child])
            {
                break;
            }

            _items[at] = _items[child];
            at = child;
        }

        _items[at] = moved;
        return true;
    }
}
