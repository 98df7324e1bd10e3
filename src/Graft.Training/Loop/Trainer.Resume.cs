namespace Graft.Training;

/// <content>How a run begins: anew or from a checkpoint.</content>
public sealed partial class Trainer
{
    /// <summary>Sets the state, and makes sure that it can be saved before time is spent on it.</summary>
    private void Start()
    {
        if (_checkpoint is not null)
        {
            throw new InvalidOperationException("a trainer runs once: make a new one, with resume_from_checkpoint to go on");
        }

        _checkpoint = new TrainingCheckpoint(_arguments.OutputDir, _model, _update, _schedule, () => Fingerprint.Of(_model, _trainable, _samples, _batches, _arguments, _plan.MaxSteps)) { SaveTokenizer = SaveTokenizer };
        _state = NewState();
        _phase = RunPhase.Step;
        string? from = ResumeFolder();
        double[] logWindow = from is null ? [] : Resume(from);
        _progress = new RunProgress(_state.GlobalStep, _plan.MaxSteps);
        _progress.RestoreWindow(logWindow);

        PrepareOutput(from);
        if (CheckpointFolders.List(_arguments.OutputDir) is [.., { } newest] && newest.Step == _state.GlobalStep)
        {
            // The run may have been killed between saving and rotating. Who goes back further keeps all until the next save.
            Rotate();
        }
    }

    private TrainerState NewState() => new()
    {
        MaxSteps = _plan.MaxSteps,
        NumTrainEpochs = _plan.NumTrainEpochs,
        LoggingSteps = _loggingSteps,
        EvalSteps = _evalSteps,
        SaveSteps = _saveSteps,
        TrainBatchSize = _arguments.PerDeviceTrainBatchSize,
        EarlyStopping = _arguments.EarlyStoppingPatience is int patience ? new EarlyStopping(patience, _arguments.EarlyStoppingThreshold) : null,
    };

    /// <summary>The checkpoint to go on from, or null.</summary>
    private string? ResumeFolder()
    {
        if (_arguments.ResumeFromCheckpoint is not { } from)
        {
            return null;
        }

        if (bool.TryParse(from, out bool newest))
        {
            IReadOnlyList<(int Step, string Folder)> found = newest ? CheckpointFolders.List(_arguments.OutputDir) : [];
            return found.Count == 0 ? null : found[^1].Folder;
        }

        return Directory.Exists(from) ? from : throw new DirectoryNotFoundException($"resume_from_checkpoint: there is no folder {from}");
    }

    /// <summary>Restores everything; returns what is still to be logged.</summary>
    private double[] Resume(string folder)
    {
        TrainerState fresh = _state;
        (_state, _phase, double[] logWindow) = _checkpoint!.Load(folder);
        (_state.MaxSteps, _state.NumTrainEpochs) = (fresh.MaxSteps, fresh.NumTrainEpochs);
        (_state.LoggingSteps, _state.EvalSteps, _state.SaveSteps, _state.TrainBatchSize) = (fresh.LoggingSteps, fresh.EvalSteps, fresh.SaveSteps, fresh.TrainBatchSize);
        if (fresh.EarlyStopping is { } stopping)
        {
            stopping.PatienceCounter = _state.EarlyStopping?.PatienceCounter ?? 0;
        }

        _state.EarlyStopping = fresh.EarlyStopping;
        bool isHere = Path.GetFullPath(CheckpointFolders.Of(_arguments.OutputDir, _state.GlobalStep)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _savedStep = isHere && _phase == RunPhase.Step ? _state.GlobalStep : -1;
        _state.ShouldTrainingStop = _state.GlobalStep >= _plan.MaxSteps || _state.EarlyStopping is { HasRunOut: true };
        return logWindow;
    }

    /// <summary>Refuses to mix with another run's checkpoints, and to train for hours towards a folder that cannot be written.</summary>
    private void PrepareOutput(string? resumedFrom)
    {
        string output = Path.GetFullPath(_arguments.OutputDir);
        IReadOnlyList<(int Step, string Folder)> found = CheckpointFolders.List(output);
        bool isOwn = resumedFrom is not null && Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(resumedFrom))) == Path.TrimEndingDirectorySeparator(output);
        if (found.Count > 0 && !isOwn)
        {
            if (!_arguments.OverwriteOutputDir)
            {
                throw new ArgumentException(
                    $"output_dir {_arguments.OutputDir} holds checkpoints of an earlier run, the last at step {found[^1].Step}: go on with it (resume_from_checkpoint: true), choose another folder, or delete them (overwrite_output_dir: true)");
            }

            foreach ((_, string folder) in found)
            {
                CheckpointFolders.Remove(folder);
            }
        }

        try
        {
            Directory.CreateDirectory(output);
            string probe = Path.Combine(output, $".{Path.GetRandomFileName()}.tmp");
            using var stream = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            CheckpointFolders.RemoveLeftovers(output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"output_dir {_arguments.OutputDir} cannot be written: {e.Message} Nothing was trained; choose a folder that can be written.", e);
        }
    }
}
