using Graft.Formats;

namespace Graft.Cli.Bench;

/// <summary>What the system's page cache holds of a model folder.</summary>
internal static class ModelFolderCache
{
    /// <summary>Drops the weights from it, so that who reads them next waits for the disk. Has an effect on Linux, and on files that nobody else has mapped.</summary>
    /// <param name="folder">The model folder.</param>
    public static void Drop(string folder)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        foreach (FilePages pages in weights.Pages)
        {
            pages.Release(pages.Start, pages.Length);
        }
    }
}
