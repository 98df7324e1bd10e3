namespace Graft.Formats;

/// <summary>The pages of a mapped file: which of them the system shall read ahead, and which it may forget.</summary>
/// <remarks>Advice only: bytes are the same whether it is followed or not, and where a system has no such call nothing happens.</remarks>
public sealed unsafe class FilePages
{
    private readonly MappedFile _file;

    internal FilePages(MappedFile file) => _file = file;

    /// <summary>The file's path.</summary>
    public string Path => _file.Path;

    /// <summary>Address of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public nint Start => (nint)_file.Start;

    /// <summary>Bytes in the file.</summary>
    public long Length => _file.Length;

    /// <summary>Whether a stretch of memory lies in the map of this file.</summary>
    /// <param name="start">Address of its first byte.</param>
    /// <param name="length">Bytes.</param>
    public bool Contains(nint start, long length) => length >= 0 && start >= Start && length <= Length && start - Start <= Length - length;

    /// <summary>Asks the system to read pages from the disk, those at the ends included. Returns when it has begun to, not when it is done.</summary>
    /// <param name="start">Address of the first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">They do not all lie in the file.</exception>
    public void ReadAhead(nint start, long length)
    {
        Check(start, length);
        nint first = PageAdvice.RoundDown(start);
        PageAdvice.WillNeed(first, start + (nint)length - first);
        GC.KeepAlive(_file);
    }

    /// <summary>Lets the system forget pages that lie wholly in the stretch; who reads them again waits for the disk.</summary>
    /// <param name="start">Address of the first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">They do not all lie in the file.</exception>
    public void Release(nint start, long length)
    {
        (nint first, nint count) = WholePages(start, length);
        if (count > 0)
        {
            PageAdvice.DontNeed(first, count);
            PageAdvice.DropCached(_file.Handle, first - Start, count);
        }

        GC.KeepAlive(_file);
    }

    /// <summary>Takes pages that lie wholly in the stretch out of this process; the system may keep them in its cache, so who reads them again need not wait for the disk.</summary>
    /// <param name="start">Address of the first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">They do not all lie in the file.</exception>
    public void Unload(nint start, long length)
    {
        (nint first, nint count) = WholePages(start, length);
        if (count > 0)
        {
            PageAdvice.DontNeed(first, count);
        }

        GC.KeepAlive(_file);
    }

    private (nint First, nint Count) WholePages(nint start, long length)
    {
        Check(start, length);

        // The page at the end of the file is whole, whatever its length.
        bool reachesEnd = start + (nint)length == Start + (nint)Length;
        nint first = PageAdvice.RoundUp(start);
        nint end = reachesEnd ? PageAdvice.RoundUp(start + (nint)length) : PageAdvice.RoundDown(start + (nint)length);
        return (first, end - first);
    }

    private void Check(nint start, long length)
    {
        if (!Contains(start, length))
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"the {length} bytes at 0x{start:x} do not all lie in the map of '{Path}'");
        }
    }
}
