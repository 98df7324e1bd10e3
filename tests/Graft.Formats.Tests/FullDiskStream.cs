namespace Graft.Formats.Tests;

/// <summary>Takes some bytes, then fails as a full disk does.</summary>
internal sealed class FullDiskStream(Stream inner, long room) : Stream
{
    private long _left = room;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count)
    {
        int fits = (int)Math.Min(count, _left);
        inner.Write(buffer, offset, fits);
        _left -= fits;
        if (fits < count)
        {
            throw new IOException("No space left on device");
        }
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
