namespace Graft.Cli.Folders;

/// <summary>A model folder that is written beside its target and takes its place when it is complete: a full disk or a kill leaves the target as it was.</summary>
internal sealed class StagedFolder : IDisposable
{
    private const string ConfigFile = "config.json";

    /// <summary>Weights that readers might prefer to the new ones.</summary>
    private static readonly string[] WeightFiles = ["model*.safetensors", "model.safetensors.index.json", "pytorch_model*.bin", "pytorch_model.bin.index.json"];

    private readonly string _target;

    /// <summary>Checks the target and makes an empty folder beside it.</summary>
    /// <param name="target">The folder to be.</param>
    /// <param name="overwrite">Whether it may hold files already.</param>
    /// <exception cref="IOException">The target is a file, or is not empty.</exception>
    public StagedFolder(string target, bool overwrite)
    {
        _target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
        if (File.Exists(_target))
        {
            throw new IOException($"{target} is a file: choose another name for the folder");
        }

        if (!overwrite && Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any())
        {
            throw new IOException($"{target} is not empty: choose another folder, or add --overwrite");
        }

        Path = $"{_target}.incomplete";
        Remove();
        Directory.CreateDirectory(Path);
    }

    /// <summary>Where to write.</summary>
    public string Path { get; }

    /// <summary>Moves everything to the target; its config.json, without which it is no model, goes first and comes last.</summary>
    public void Publish()
    {
        if (!Directory.Exists(_target))
        {
            Directory.Move(Path, _target);
            return;
        }

        File.Delete(System.IO.Path.Combine(_target, ConfigFile));
        foreach (string old in WeightFiles.SelectMany(pattern => Directory.EnumerateFiles(_target, pattern)).ToArray())
        {
            File.Delete(old);
        }

        foreach (string file in Directory.EnumerateFiles(Path).OrderBy(file => System.IO.Path.GetFileName(file) == ConfigFile))
        {
            File.Move(file, System.IO.Path.Combine(_target, System.IO.Path.GetFileName(file)), overwrite: true);
        }
    }

    /// <summary>Removes what was not published.</summary>
    public void Dispose() => Remove();

    private void Remove()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
