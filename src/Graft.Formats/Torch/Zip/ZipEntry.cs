namespace Graft.Formats;

/// <summary>A record of a zip file whose bytes are known to lie in the file.</summary>
/// <param name="Name">Its path in the archive, with slashes.</param>
/// <param name="Offset">First byte of its data in the file.</param>
/// <param name="StoredLength">Bytes that it takes in the file.</param>
/// <param name="Length">Bytes of its content.</param>
/// <param name="Deflated">Whether it is compressed.</param>
internal sealed record ZipEntry(string Name, long Offset, long StoredLength, long Length, bool Deflated);
