namespace Graft.Formats;

/// <summary>Where the bytes of a tensor are: in a file's map, or made when first asked for.</summary>
internal abstract unsafe class TensorData
{
    /// <summary>The first byte, in row-major order without gaps.</summary>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public abstract byte* Pointer { get; }
}

/// <summary>Bytes that lie in a mapped file as they are.</summary>
internal sealed unsafe class MappedTensorData(MappedFile file, long offset) : TensorData
{
    /// <inheritdoc/>
    public override byte* Pointer => file.Start + offset;
}
