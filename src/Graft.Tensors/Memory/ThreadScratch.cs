using System.Runtime.InteropServices;

namespace Graft.Tensors.Memory;

/// <summary>Aligned buffers that belong to a thread: scratch for kernels, valid until the next request for the same slot.</summary>
/// <remarks>Buffers grow to the largest request and stay with the thread, so a steady state allocates nothing.</remarks>
public static unsafe class ThreadScratch
{
    private const int SlotCount = 9;
    private const nuint Alignment = 64;

    [ThreadStatic]
    private static Slots? _slots;

    /// <summary>At least <paramref name="bytes"/> bytes, aligned to 64, contents undefined.</summary>
    /// <param name="slot">Which buffer of this thread: kernels that run inside each other use different slots.</param>
    /// <param name="bytes">Size in bytes.</param>
    public static byte* Get(int slot, nuint bytes)
    {
        Slots slots = _slots ??= new Slots();
        return slots.Get(slot, bytes);
    }

    /// <summary>At least <paramref name="count"/> floats, aligned to 64 bytes, contents undefined.</summary>
    /// <param name="slot">Which buffer of this thread.</param>
    /// <param name="count">Number of floats.</param>
    public static float* GetSingles(int slot, long count) => (float*)Get(slot, (nuint)count * sizeof(float));

    private sealed class Slots
    {
        private readonly nint[] _data = new nint[SlotCount];
        private readonly nuint[] _size = new nuint[SlotCount];

        ~Slots()
        {
            foreach (nint data in _data)
            {
                NativeMemory.AlignedFree((void*)data);
            }
        }

        public byte* Get(int slot, nuint bytes)
        {
            if (_size[slot] < bytes)
            {
                NativeMemory.AlignedFree((void*)_data[slot]);
                _data[slot] = 0;
                _size[slot] = 0;
                nuint size = (bytes + (Alignment - 1)) & ~(Alignment - 1);
                _data[slot] = (nint)NativeMemory.AlignedAlloc(size, Alignment);
                _size[slot] = size;
            }

            return (byte*)_data[slot];
        }
    }
}
