using System.Runtime.InteropServices;

namespace Graft.Tensors;

/// <summary>Zeroed native memory, aligned to 64 bytes, freed with its owner.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Allocates.</summary>
    /// <param name="bytes">Size in bytes; at least 64 are taken.</param>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ByteLength = bytes;
        nuint size = (nuint)Math.Max(64, bytes);
        Data = (byte*)NativeMemory.AlignedAlloc(size, 64);
        NativeMemory.Clear(Data, size);
    }

    /// <summary>Frees what <see cref="Dispose"/> has not.</summary>
    ~NativeBuffer() => NativeMemory.AlignedFree(Data);

    /// <summary>First byte.</summary>
    public byte* Data { get; private set; }

    /// <summary>Size in bytes.</summary>
    public long ByteLength { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
        GC.SuppressFinalize(this);
    }
}
