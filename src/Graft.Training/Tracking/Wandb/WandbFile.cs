namespace Graft.Training.Tracking;

/// <summary>Writes a .wandb file: numbered records in a LevelDB log, each with one write, so that a kill leaves all but the last.</summary>
public sealed class WandbFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly LevelDbLogWriter _log;
    private readonly string _runId;
    private long _written;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where; nothing may be there yet.</param>
    /// <param name="runId">The run that its records belong to.</param>
    /// <exception cref="IOException">The file exists, or cannot be written.</exception>
    public WandbFile(string path, string runId)
    {
        _runId = runId;
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        _log = new LevelDbLogWriter(_stream);
    }

    /// <summary>Writes a record.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void Write(WandbRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        _log.Write(record.ToBytes(++_written, _runId));
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
