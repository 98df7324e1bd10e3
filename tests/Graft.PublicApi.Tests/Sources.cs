namespace Graft.PublicApi;

/// <summary>Where the sources of this test project lie.</summary>
/// <remarks>Looked for above the running assembly: a deterministic build writes no real paths into it.</remarks>
internal static class Sources
{
    /// <summary>The folder that holds <c>Graft.slnx</c>.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>A folder of this project.</summary>
    /// <param name="name">Its name.</param>
    public static string Folder(string name) => Path.Combine(RepositoryRoot, "tests", "Graft.PublicApi.Tests", name);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Graft.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException($"no folder above {AppContext.BaseDirectory} holds Graft.slnx: run these tests from a build inside the repository");
    }
}
