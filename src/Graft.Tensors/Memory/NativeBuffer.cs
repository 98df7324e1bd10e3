using System.Runtime.InteropServices;

namespace Graft.Tensors;

/// <summary>Zeroed native memory, aligned to 64 bytes, freed with its owner.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;

    private void* _allocation;

    /// <summary>Allocates. Pages that the system hands out zeroed are not touched before they are used.</summary>
    /// <param name="bytes">Size in bytes.</param>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ByteLength = bytes;
        _allocation = NativeMemory.AllocZeroed((nuint)bytes + (2 * Alignment));
        Data = (byte*)(((nuint)_allocation + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    /// <summary>Frees what <see cref="Dispose"/> has not.</summary>
    ~NativeBuffer() => NativeMemory.Free(_allocation);

    /// <summary>First byte.</summary>
    public byte* Data { get; private set; }

    /// <summary>Size in bytes.</summary>
    public long ByteLength { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Data = null;
        GC.SuppressFinalize(this);
    }
}
