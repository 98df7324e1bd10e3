using System.Globalization;
using Graft.Formats;
using Graft.Training;
using Graft.Training.Tracking;

namespace Graft.Cli.Configuration;

/// <summary>The folder of a run: nothing of the user's is overwritten unasked.</summary>
internal static class OutputFolder
{
    /// <summary>The loss curve as SVG.</summary>
    public const string LossDrawing = "loss.svg";

    /// <summary>The loss curve as PNG.</summary>
    public const string LossPicture = "loss.png";

    private const string CheckpointPrefix = "checkpoint-";

    private static readonly string[] Results =
    [
        "adapter_config.json", "adapter_model.safetensors", "config.json", "model.safetensors", "model.safetensors.index.json", TrainerState.FileName, MetricsLog.FileName, TrackerState.FileName, RunRecord.FileName, LossDrawing, LossPicture,
    ];

    /// <summary>Refuses a folder that is not empty, unless the run is resumed or may overwrite.</summary>
    /// <param name="configuration">The run.</param>
    /// <exception cref="IOException">The folder is not empty, or is a file.</exception>
    public static void Check(RunConfiguration configuration)
    {
        string folder = configuration.OutputDir;
        if (File.Exists(folder))
        {
            throw new IOException($"output_dir {folder} is a file: choose another name");
        }

        if (configuration.Get(ModelKeys.Model) is { } model && Path.TrimEndingDirectorySeparator(model) == Path.TrimEndingDirectorySeparator(folder))
        {
            throw new IOException($"output_dir is the model's own folder {folder}: choose another one");
        }

        bool isEmpty = !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any();
        if (isEmpty || configuration.ResumeFrom is not null || configuration.Get(OutputKeys.Overwrite))
        {
            return;
        }

        throw new IOException(
            Checkpoints(folder).Any()
                ? $"{folder} holds checkpoints of an earlier run: add --resume to go on with it, --overwrite_output_dir to begin anew, or choose another output_dir"
                : $"{folder} is not empty: choose another output_dir, or add --overwrite_output_dir");
    }

    /// <summary>Makes the folder, removes what an overwritten run left, and writes the configuration.</summary>
    /// <param name="configuration">The run.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Begin(RunConfiguration configuration)
    {
        string folder = configuration.OutputDir;
        Directory.CreateDirectory(folder);
        if (configuration.ResumeFrom is null)
        {
            RemoveEarlierRun(folder);
        }

        AtomicFile.WriteAllText(Path.Combine(folder, RunConfiguration.FileName), configuration.ToYaml());
    }

    /// <summary>Whether there is something to resume.</summary>
    public static bool HasCheckpoints(string folder) => Checkpoints(folder).Any();

    /// <summary>Nothing of an earlier run may be taken for a result of this one; what is not a run's stays. Its checkpoints are the trainer's to remove.</summary>
    private static void RemoveEarlierRun(string folder)
    {
        foreach (string name in Results.Where(name => File.Exists(Path.Combine(folder, name))))
        {
            File.Delete(Path.Combine(folder, name));
        }
    }

    private static IEnumerable<string> Checkpoints(string folder)
        => Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder, $"{CheckpointPrefix}*").Where(found =>
                int.TryParse(Path.GetFileName(found.AsSpan())[CheckpointPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && File.Exists(Path.Combine(found, TrainerState.FileName)))
            : [];
}
