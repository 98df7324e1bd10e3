using System.Runtime.InteropServices;

namespace Graft.Tensors.Memory;

/// <summary>Memory for one step: first-fit over large slabs, with neighbours merged when they are freed (design D4).</summary>
/// <remarks>
/// Slabs stay until the arena is disposed of; pages that no step has touched cost nothing. Not thread-safe: the tape's thread only.
/// </remarks>
public sealed unsafe class StepArena : IDisposable
{
    private const long Alignment = 64;
    private const long FirstSlabBytes = 64L << 20;
    private const long LargeSlabBytes = 1L << 30;

    private readonly List<Slab> _slabs = [];

    /// <summary>Bytes handed out now.</summary>
    public long BytesInUse { get; private set; }

    /// <summary>Largest value of <see cref="BytesInUse"/> since <see cref="ResetPeak"/>.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes that have been handed out at some time: the memory that the arena occupies, holes between ranges of different lives included.</summary>
    public long TouchedBytes
    {
        get
        {
            long bytes = 0;
            foreach (Slab slab in _slabs)
            {
                bytes += slab.Touched;
            }

            return bytes;
        }
    }

    /// <summary>Bytes of all slabs.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Begins with a large slab: a training step leaves no end of a small one unused. Address space only; pages count when they are touched.</summary>
    public void BeginLarge()
    {
        if (_slabs.Count == 0)
        {
            AddSlab(LargeSlabBytes);
        }
    }

    /// <summary>Contents undefined, aligned to 64 bytes.</summary>
    /// <param name="count">Number of floats.</param>
    public float* Allocate(long count)
    {
        long bytes = Math.Max(Alignment, ((count * sizeof(float)) + Alignment - 1) / Alignment * Alignment);
        foreach (Slab slab in _slabs)
        {
            if (slab.TryAllocate(bytes, slab.Size, out byte* found))
            {
                return Count(found, bytes);
            }
        }

        // So large that the C library gives them back to the system when they are freed, and that their ends, where nothing fits any more, are few.
        long size = Math.Max(bytes, _slabs.Count == 0 ? FirstSlabBytes : LargeSlabBytes);
        AddSlab(size).TryAllocate(bytes, size, out byte* data);
        return Count(data, bytes);
    }

    /// <summary>Moves what <see cref="Allocate"/> returned into a hole before it, so that the memory after it becomes one.</summary>
    /// <param name="data">The address.</param>
    /// <param name="count">The number of floats asked for.</param>
    /// <returns>The new address, or the old one where there is no such hole.</returns>
    public float* MoveDown(float* data, long count)
    {
        long bytes = Math.Max(Alignment, ((count * sizeof(float)) + Alignment - 1) / Alignment * Alignment);
        foreach (Slab slab in _slabs)
        {
            bool isHere = slab.Contains((byte*)data);
            if (slab.TryAllocate(bytes, isHere ? slab.OffsetOf((byte*)data) : slab.Size, out byte* found))
            {
                BytesInUse += bytes;
                Buffer.MemoryCopy(data, found, bytes, count * sizeof(float));
                Free(data, count);
                return (float*)found;
            }

            if (isHere)
            {
                break;
            }
        }

        return data;
    }

    /// <summary>Gives back what <see cref="Allocate"/> returned.</summary>
    /// <param name="data">The address.</param>
    /// <param name="count">The number of floats asked for.</param>
    public void Free(float* data, long count)
    {
        long bytes = Math.Max(Alignment, ((count * sizeof(float)) + Alignment - 1) / Alignment * Alignment);
        foreach (Slab slab in _slabs)
        {
            if (slab.Contains((byte*)data))
            {
                slab.Free((byte*)data, bytes);
                BytesInUse -= bytes;
                return;
            }
        }

        throw new InvalidOperationException("the address does not belong to this arena");
    }

    /// <summary>Frees everything.</summary>
    public void Reset()
    {
        foreach (Slab slab in _slabs)
        {
            slab.Reset();
        }

        BytesInUse = 0;
    }

    /// <summary>Starts measuring <see cref="PeakBytes"/> anew.</summary>
    public void ResetPeak() => PeakBytes = BytesInUse;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slab slab in _slabs)
        {
            slab.Dispose();
        }

        _slabs.Clear();
        BytesInUse = 0;
        ReservedBytes = 0;
    }

    private Slab AddSlab(long size)
    {
        var added = new Slab(size);
        _slabs.Add(added);
        ReservedBytes += size;
        return added;
    }

    private float* Count(byte* data, long bytes)
    {
        BytesInUse += bytes;
        PeakBytes = Math.Max(PeakBytes, BytesInUse);
        return (float*)data;
    }

    /// <summary>One large block with its free ranges in address order.</summary>
    private sealed class Slab : IDisposable
    {
        private readonly List<(long Start, long Size)> _free = new(64);
        private byte* _data;

        public Slab(long size)
        {
            Size = size;
            _data = (byte*)NativeMemory.AlignedAlloc((nuint)size, (nuint)Alignment);
            Reset();
        }

        ~Slab() => NativeMemory.AlignedFree(_data);

        public long Size { get; }

        public long Touched { get; private set; }

        public bool Contains(byte* address) => address >= _data && address < _data + Size;

        public long OffsetOf(byte* address) => address - _data;

        /// <summary>Takes the first range that is large enough and starts before <paramref name="limit"/>.</summary>
        public bool TryAllocate(long bytes, long limit, out byte* data)
        {
            for (int i = 0; i < _free.Count && _free[i].Start < limit; i++)
            {
                (long start, long size) = _free[i];
                if (size < bytes)
                {
                    continue;
                }

                if (size == bytes)
                {
                    _free.RemoveAt(i);
                }
                else
                {
                    _free[i] = (start + bytes, size - bytes);
                }

                data = _data + start;
                Touched = Math.Max(Touched, start + bytes);
                return true;
            }

            data = null;
            return false;
        }

        public void Free(byte* address, long bytes)
        {
            long start = address - _data;
            int next = 0;
            int end = _free.Count;
            while (next < end)
            {
                int middle = (next + end) / 2;
                if (_free[middle].Start < start)
                {
                    next = middle + 1;
                }
                else
                {
                    end = middle;
                }
            }

            bool joinsPrevious = next > 0 && _free[next - 1].Start + _free[next - 1].Size == start;
            bool joinsNext = next < _free.Count && start + bytes == _free[next].Start;
            if (joinsPrevious)
            {
                long size = _free[next - 1].Size + bytes + (joinsNext ? _free[next].Size : 0);
                _free[next - 1] = (_free[next - 1].Start, size);
                if (joinsNext)
                {
                    _free.RemoveAt(next);
                }
            }
            else if (joinsNext)
            {
                _free[next] = (start, bytes + _free[next].Size);
            }
            else
            {
                _free.Insert(next, (start, bytes));
            }
        }

        public void Reset()
        {
            _free.Clear();
            _free.Add((0, Size));
        }

        public void Dispose()
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
            GC.SuppressFinalize(this);
        }
    }
}
