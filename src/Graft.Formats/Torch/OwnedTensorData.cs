using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Bytes that are made when first asked for, and kept until the file is closed.</summary>
internal abstract unsafe class OwnedTensorData : TensorData, IDisposable
{
    private readonly Lock _lock = new();
    private NativeBuffer? _buffer;

    /// <inheritdoc/>
    public override byte* Pointer
    {
        get
        {
            lock (_lock)
            {
                EnsureOpen();
                _buffer ??= Make();
                return _buffer.Data;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _buffer?.Dispose();
            _buffer = null;
        }
    }

    /// <summary>Fails when the file has been closed.</summary>
    protected abstract void EnsureOpen();

    /// <summary>Makes the bytes.</summary>
    protected abstract NativeBuffer Make();
}

/// <summary>Bytes further on in other data.</summary>
internal sealed unsafe class PartOfTensorData(TensorData whole, long offset) : TensorData
{
    /// <inheritdoc/>
    public override byte* Pointer => whole.Pointer + offset;
}
