namespace Graft.Training;

/// <summary>The <c>checkpoint-N</c> folders of a run: finding, rotating and removing them.</summary>
internal static class CheckpointFolders
{
    public const string Prefix = "checkpoint-";
    public const string Incomplete = ".incomplete";
    private const string Removed = ".removed";

    public static string Of(string outputDir, int step) => Path.Combine(outputDir, $"{Prefix}{step}");

    /// <summary>Complete checkpoints of a run, oldest first by number.</summary>
    public static IReadOnlyList<(int Step, string Folder)> List(string outputDir)
    {
        if (!Directory.Exists(outputDir))
        {
            return [];
        }

        var found = new List<(int Step, string Folder)>();
        foreach (string folder in Directory.EnumerateDirectories(outputDir, $"{Prefix}*"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan())[Prefix.Length..], out int step) && File.Exists(Path.Combine(folder, TrainerState.FileName)))
            {
                found.Add((step, folder));
            }
        }

        return [.. found.OrderBy(checkpoint => checkpoint.Step)];
    }

    /// <summary>Deletes old checkpoints: the newest and the best stay, as the Trainer has it.</summary>
    /// <param name="outputDir">Where they lie.</param>
    /// <param name="limit">How many stay.</param>
    /// <param name="best">The best one's folder, or null.</param>
    /// <param name="newest">Number of the one just saved. Higher numbers are left over from a run that was taken up again further back: they are the oldest.</param>
    public static void Rotate(string outputDir, int limit, string? best, int newest)
    {
        List<string> folders = [.. List(outputDir).OrderBy(checkpoint => checkpoint.Step <= newest).Select(checkpoint => checkpoint.Folder)];
        int bestIndex = best is null ? -1 : folders.FindIndex(folder => Path.GetFileName(folder) == Path.GetFileName(best));
        if (bestIndex >= 0)
        {
            for (int i = bestIndex; i < folders.Count - 2; i++)
            {
                (folders[i], folders[i + 1]) = (folders[i + 1], folders[i]);
            }

            if (limit == 1 && bestIndex != folders.Count - 1)
            {
                limit = 2;
            }
        }

        foreach (string folder in folders.Take(Math.Max(0, folders.Count - limit)))
        {
            Remove(folder);
        }
    }

    /// <summary>Removes a folder; it stops being a checkpoint at once, before its files go.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        string doomed = folder + Removed;
        if (Directory.Exists(doomed))
        {
            Directory.Delete(doomed, recursive: true);
        }

        Directory.Move(folder, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Removes what a killed run left half written or half removed.</summary>
    public static void RemoveLeftovers(string outputDir)
    {
        foreach (string ending in new[] { Incomplete, Removed })
        {
            foreach (string folder in Directory.EnumerateDirectories(outputDir, $"{Prefix}*{ending}"))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
