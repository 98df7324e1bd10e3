using Graft.Cli.Folders;

namespace Graft.Cli.Runs;

/// <summary>The runs below a folder, and what tells them apart.</summary>
/// <param name="runs">The runs.</param>
internal sealed class RunCollection(IReadOnlyList<PastRun> runs)
{
    private const int Deepest = 3;

    // Where a run lies and is reported says nothing of what it is.
    private static readonly string[] Places = ["output_dir", "logging_dir", "run_name", "project", "report_to"];

    /// <summary>The runs.</summary>
    public IReadOnlyList<PastRun> Runs => runs;

    /// <summary>Settings that are not the same in all runs that have settings, by name.</summary>
    public IReadOnlyList<string> Differing
    {
        get
        {
            PastRun[] known = [.. runs.Where(run => run.Settings.Count > 0)];
            return
            [
                .. known.SelectMany(run => run.Settings.Keys).Distinct(StringComparer.Ordinal).Except(Places)
                    .Where(key => known.Select(run => run.Settings.GetValueOrDefault(key)).Distinct(StringComparer.Ordinal).Count() > 1).Order(StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>Finds the runs in a folder and three levels below it, by name; checkpoints of a run are not runs of their own.</summary>
    /// <param name="folder">The folder; may be a run itself.</param>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static RunCollection Find(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"there is no folder {folder}");
        }

        var found = new List<PastRun>();
        Add(found, Path.GetFullPath(folder), Path.GetFullPath(folder), 0);
        return new RunCollection(found);
    }

    /// <summary>Takes a run by its name in a folder, or by its path.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static PastRun Open(string folder, string name)
    {
        string path = new[] { Path.Combine(folder, name), name }.FirstOrDefault(PastRun.IsRun)
            ?? throw new DirectoryNotFoundException($"{Path.Combine(folder, name)} is no folder of a run: it has no trainer_state.json, metrics.jsonl, run.json or checkpoint. graft runs {folder} lists those that are");
        return PastRun.Load(path, name);
    }

    private static void Add(List<PastRun> found, string root, string folder, int depth)
    {
        if (PastRun.IsRun(folder))
        {
            found.Add(PastRun.Load(folder, folder == root ? Path.GetFileName(Path.TrimEndingDirectorySeparator(root)) : Path.GetRelativePath(root, folder)));
            return;
        }

        if (depth < Deepest)
        {
            foreach (string inner in Directory.EnumerateDirectories(folder).Where(inner => !RunFolder.IsCheckpoint(inner) && !Path.GetFileName(inner).StartsWith('.')).Order(StringComparer.Ordinal))
            {
                Add(found, root, inner, depth + 1);
            }
        }
    }
}
