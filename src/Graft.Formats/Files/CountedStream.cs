namespace Graft.Formats;

/// <summary>A stream that takes exactly the announced number of bytes of one tensor and passes them on.</summary>
internal sealed class CountedStream(Stream inner, string tensor, long announced) : Stream
{
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Fails unless all announced bytes have come.</summary>
    public void EnsureComplete()
    {
        if (_written != announced)
        {
            throw new ArgumentException($"Tensor '{tensor}' wrote {_written} bytes, but its shape and dtype ask for {announced}.");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > announced - _written)
        {
            throw new ArgumentException($"Tensor '{tensor}' wrote more than the {announced} bytes that its shape and dtype ask for.");
        }

        inner.Write(buffer);
        _written += buffer.Length;
    }

    public override void WriteByte(byte value) => Write([value]);

    public override void Flush()
    {
        // Flushed once, when the whole file is written.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
