namespace Graft.Fuzzing;

/// <summary>A reader of files that come from strangers.</summary>
internal interface IFuzzTarget
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>Sound files, small ones, from which mutated ones are made.</summary>
    IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>Reads a file as those do who use it: opens it and looks at all that it offers.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="path">A file with these bytes, where <see cref="NeedsFile"/> is true.</param>
    /// <exception cref="InvalidDataException">It is not sound.</exception>
    /// <exception cref="NotSupportedException">It is sound, but of a kind that is not read.</exception>
    void Read(byte[] content, string path);

    /// <summary>Whether the reader opens a file by its path.</summary>
    bool NeedsFile { get; }
}
