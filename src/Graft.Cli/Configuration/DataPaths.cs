namespace Graft.Cli.Configuration;

/// <summary>Data files as the user names them: paths, or patterns such as <c>books/*.txt</c>.</summary>
internal static class DataPaths
{
    /// <summary>Whether a path has wildcards.</summary>
    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?');

    /// <summary>The files that a path or pattern stands for, sorted.</summary>
    /// <param name="path">The path or pattern.</param>
    /// <param name="label">What messages call it.</param>
    /// <exception cref="ArgumentException">A folder, or a pattern that cannot be understood.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static IReadOnlyList<string> Expand(string path, string label)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (Directory.Exists(path))
        {
            throw new ArgumentException($"{label}: {path} is a folder; name its files, for example {Path.Combine(path, "*.jsonl")}");
        }

        if (!IsPattern(path))
        {
            string hub = !Path.IsPathRooted(path) && path.Count(c => c == '/') == 1 && !Path.HasExtension(path) ? "; data sets of the Hub must be downloaded first" : string.Empty;
            throw new FileNotFoundException($"{label}: there is no file {path}{hub}", path);
        }

        string folder = Path.GetDirectoryName(path) is { Length: > 0 } given ? given : ".";
        if (IsPattern(folder))
        {
            throw new ArgumentException($"{label}: {path} has a wildcard in the folder; only the file name may have one");
        }

        string[] found = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
        return found.Length > 0 ? found : throw new FileNotFoundException($"{label}: no file matches {path}", path);
    }
}
