namespace Graft.Training;

/// <summary>Whether a checkpoint folder is whole, without the run that it belongs to.</summary>
public static class CheckpointIntegrity
{
    /// <summary>Checks that everything a resume reads is there and is what was written.</summary>
    /// <param name="folder">A <c>checkpoint-N</c> folder.</param>
    /// <exception cref="FileNotFoundException">Another tool made it: there is no graft_run.json.</exception>
    /// <exception cref="InvalidDataException">A file is missing or damaged; the message says which.</exception>
    public static void Verify(string folder)
    {
        CheckpointManifest.Load(folder).Verify(folder);
        TrainerState.Load(Path.Combine(folder, TrainerState.FileName));
    }
}
