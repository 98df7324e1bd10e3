using System.Globalization;
using Graft.Cli.Configuration;

namespace Graft.Cli.Folders;

/// <summary>The output folder of a training run.</summary>
internal static class RunFolder
{
    private const string Prefix = "checkpoint-";

    /// <summary>Folders of checkpoints, complete or left over from a run that was stopped, by step.</summary>
    public static IEnumerable<(int Step, string Folder)> Checkpoints(string folder)
        => Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder, $"{Prefix}*").Select(path => (Step: StepOf(path), path)).Where(found => found.Step >= 0).OrderBy(found => found.Step).ThenBy(found => found.path, StringComparer.Ordinal)
            : [];

    /// <summary>The complete checkpoint with the largest step; null when there is none.</summary>
    public static string? NewestCheckpoint(string folder) => Checkpoints(folder).LastOrDefault(found => IsComplete(found.Folder)).Folder;

    /// <summary>Whether a folder is named as a checkpoint.</summary>
    public static bool IsCheckpoint(string folder)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return Path.GetFileName(path).StartsWith(Prefix, StringComparison.Ordinal) && StepOf(path) >= 0;
    }

    /// <summary>The graft.yaml of the run that a folder belongs to; null when there is none.</summary>
    /// <param name="folder">The output folder of a run, a checkpoint in one, or any other folder.</param>
    public static string? ConfigurationOf(string folder)
    {
        string file = Path.Combine(IsCheckpoint(folder) ? Path.Combine(folder, "..") : folder, RunConfiguration.FileName);
        return File.Exists(file) ? file : null;
    }

    /// <summary>Whether a checkpoint is one: its state is written last, and the folder then gets its name.</summary>
    public static bool IsComplete(string checkpoint) => !IsLeftOver(checkpoint) && File.Exists(Path.Combine(checkpoint, "trainer_state.json"));

    /// <summary>Whether a folder was being written or removed when its run was stopped.</summary>
    public static bool IsLeftOver(string checkpoint) => Path.GetFileName(checkpoint).Contains('.', StringComparison.Ordinal);

    private static int StepOf(string folder)
    {
        string number = Path.GetFileName(folder)[Prefix.Length..].Split('.')[0];
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1;
    }
}
