using System.Text;

namespace Graft.Formats;

/// <summary>Writes files that are complete or invisible: beside the target, flushed to the disk, then renamed over it.</summary>
/// <remarks>
/// A reader, a crash or a full disk never meets half a file: until the rename the target keeps its former content, and when
/// writing fails the temporary file is removed.
/// </remarks>
public static class AtomicFile
{
    private static readonly AsyncLocal<Func<Stream, Stream>?> Interposed = new();
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes <paramref name="text"/> as UTF-8 without a byte order mark.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="text">The whole content.</param>
    /// <exception cref="IOException">It could not be written; what was at <paramref name="path"/> is untouched.</exception>
    /// <exception cref="ArgumentException"><paramref name="text"/> holds half a surrogate pair.</exception>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Utf8.GetBytes(text));

    /// <summary>Writes <paramref name="bytes"/>.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="bytes">The whole content.</param>
    /// <exception cref="IOException">It could not be written; what was at <paramref name="path"/> is untouched.</exception>
    public static void WriteAllBytes(string path, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Write(path, stream => stream.Write(bytes), bytes.Length);
    }

    /// <summary>Writes what <paramref name="write"/> puts into the stream.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the whole content. Its exceptions pass through, apart from those of the disk.</param>
    /// <param name="expectedBytes">Size to reserve, so that a full disk shows at once rather than at the end; 0 when unknown.</param>
    /// <exception cref="IOException">It could not be written; what was at <paramref name="path"/> is untouched.</exception>
    public static void Write(string path, Action<Stream> write, long expectedBytes = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(target) ?? throw new ArgumentException($"'{path}' names no file.", nameof(path));
        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            WriteAndFlush(temporary, write, expectedBytes);
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(temporary);
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException(
                    $"'{path}' could not be written: {e.Message} Nothing was changed; check free space, permissions and that the folder exists, then try again.", e);
            }

            throw;
        }
    }

    /// <summary>Puts a stream of the caller's around every file stream that this flow of control opens, until disposed.</summary>
    /// <param name="wrap">Given the file's stream, returns the one to write to. A test returns one that fails like a full disk.</param>
    public static IDisposable Interpose(Func<Stream, Stream> wrap)
    {
        ArgumentNullException.ThrowIfNull(wrap);
        var scope = new Interposition(Interposed.Value);
        Interposed.Value = wrap;
        return scope;
    }

    private static void WriteAndFlush(string temporary, Action<Stream> write, long expectedBytes)
    {
        using var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 1 << 16,
            PreallocationSize = expectedBytes,
        });
        Stream stream = Interposed.Value is { } wrap ? wrap(file) : file;
        write(stream);
        stream.Flush();
        file.Flush(flushToDisk: true);
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report; where writing failed, removing may fail too.
        }
    }

    private sealed class Interposition(Func<Stream, Stream>? previous) : IDisposable
    {
        public void Dispose() => Interposed.Value = previous;
    }
}
