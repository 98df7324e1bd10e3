namespace Graft.Conformance;

/// <summary>Finds case folders.</summary>
public static class CaseFolders
{
    /// <summary>
    /// Where the suite looks: the folders that GRAFT_CONFORMANCE names (separated by the path separator), the folder
    /// <c>shared/conformance</c> beside the repository, and the cases that the repository itself carries.
    /// </summary>
    public static IEnumerable<string> Default()
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("GRAFT_CONFORMANCE") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            yield return folder;
        }

        string? repository = RepositoryRoot();
        if (repository is null)
        {
            yield break;
        }

        foreach (string folder in new[] { Path.Combine(repository, "..", "shared", "conformance"), Path.Combine(repository, "tests", "cases") })
        {
            if (Directory.Exists(folder))
            {
                yield return Path.GetFullPath(folder);
            }
        }
    }

    /// <summary>Every folder below <paramref name="root"/> with a case.json, in name order. Folders that begin with '_' hold shared parts.</summary>
    public static IEnumerable<string> Find(string root)
    {
        if (File.Exists(Path.Combine(root, "case.json")))
        {
            yield return Path.GetFullPath(root);
            yield break;
        }

        foreach (string folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(folder).StartsWith('_'))
            {
                continue;
            }

            foreach (string found in Find(folder))
            {
                yield return found;
            }
        }
    }

    /// <summary>The folder with Graft.slnx above the running assembly, or null.</summary>
    public static string? RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Graft.slnx")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
