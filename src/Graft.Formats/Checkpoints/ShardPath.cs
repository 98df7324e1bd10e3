namespace Graft.Formats;

/// <summary>Turns the file names of an index into paths, and refuses those that lead out of the model's folder.</summary>
internal static class ShardPath
{
    // The kernel's own limit on Linux is 40.
    private const int MaximumLinks = 40;

    /// <summary>The path of shard <paramref name="name"/>.</summary>
    /// <param name="folder">The folder of the index.</param>
    /// <param name="name">The name that the index gives.</param>
    /// <param name="indexPath">The index, for messages.</param>
    /// <exception cref="InvalidDataException">The name is absolute, climbs out of the folder, or a link leads out of it.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string Resolve(string folder, string name, string indexPath)
    {
        if (name.Length == 0 || Path.IsPathRooted(name) || name.AsSpan().IndexOfAny("\\:\0") >= 0
            || name.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw new InvalidDataException($"'{indexPath}' names the shard '{name}', which is not a file name inside the model's folder. Put the shards beside the index and name them plainly.");
        }

        string path = Path.Combine(folder, name);
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"'{indexPath}' names the shard '{name}', which is a folder, not a file.");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{indexPath}' names the shard '{name}', which is not in '{folder}'. The download is incomplete; fetch the missing file.", path);
        }

        string real = RealPath(path);
        string realFolder = RealPath(Path.GetFullPath(folder));
        if (!IsBelow(real, realFolder) && !(BlobsOf(realFolder) is { } blobs && IsBelow(real, blobs)))
        {
            throw new InvalidDataException($"'{indexPath}' names the shard '{name}', a link to '{real}', which is outside the model's folder. Copy the file into the folder.");
        }

        return path;
    }

    /// <summary>
    /// The Hugging Face cache keeps <c>models--x/snapshots/REVISION</c> as links into <c>models--x/blobs</c>: those, and no
    /// others, may leave the folder.
    /// </summary>
    private static string? BlobsOf(string realFolder)
    {
        for (string? at = realFolder; at is not null; at = Path.GetDirectoryName(at))
        {
            if (Path.GetFileName(at) == "snapshots" && Path.GetDirectoryName(at) is { } repository)
            {
                return Path.Combine(repository, "blobs");
            }
        }

        return null;
    }

    private static bool IsBelow(string path, string folder)
        => path.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The path with every link on the way followed.</summary>
    private static string RealPath(string path)
    {
        string full = Path.GetFullPath(path);
        string real = Path.GetPathRoot(full)!;
        var rest = new Stack<string>(full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (int links = 0; rest.TryPop(out string? part);)
        {
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MaximumLinks)
            {
                throw new InvalidDataException($"'{path}': too many links on the way.");
            }

            string resolved = Path.GetFullPath(Path.Combine(real, target));
            real = Path.GetPathRoot(resolved)!;
            foreach (string piece in resolved[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                rest.Push(piece);
            }
        }

        return real;
    }
}
