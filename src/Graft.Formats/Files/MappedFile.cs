using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Graft.Formats;

/// <summary>A whole file mapped read-only into memory.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private int _disposed;

    private MappedFile(string path, FileStream stream)
    {
        Path = path;
        Length = stream.Length;
        Handle = stream.SafeFileHandle;
        if (Length == 0)
        {
            // The system maps no empty files; readers refuse them by their length.
            stream.Dispose();
            return;
        }

        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _start = start + _view.PointerOffset;
        }
        catch
        {
            _view?.Dispose();
            _map.Dispose();
            throw;
        }
    }

    ~MappedFile() => Release();

    /// <summary>The path the file was opened by.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    /// <summary>The open file; closed with the map.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>The first byte; null for an empty file. Valid until <see cref="Dispose"/>.</summary>
    public byte* Start
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            return _start;
        }
    }

    /// <summary>Maps <paramref name="path"/>.</summary>
    /// <param name="path">An existing file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It is a folder, or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new IOException($"'{path}' is a folder, not a file.");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist.", path);
        }

        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            return new MappedFile(path, stream);
        }
        catch (UnauthorizedAccessException e)
        {
            stream?.Dispose();
            throw new IOException($"'{path}' cannot be read: {e.Message} Check its permissions.", e);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>A part of the file as a span.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes; the caller has checked that they lie in the file.</param>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(Start + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0 || _view is null)
        {
            return;
        }

        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map!.Dispose();
    }
}
