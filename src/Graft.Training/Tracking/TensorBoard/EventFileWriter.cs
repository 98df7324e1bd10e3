using System.Globalization;

namespace Graft.Training.Tracking;

/// <summary>Writes a TensorBoard event file, a record at a time and each with one write: a kill leaves all but the last.</summary>
public sealed class EventFileWriter : IDisposable
{
    private static int _files;

    private readonly Stream _stream;
    private readonly TimeProvider _clock;

    /// <summary>Begins a file in a folder, named so that TensorBoard reads it after the older ones there.</summary>
    /// <param name="folder">The run's folder; created when missing.</param>
    /// <param name="clock">The time; null: the system's.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public EventFileWriter(string folder, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _clock = clock ?? TimeProvider.System;
        Directory.CreateDirectory(folder);
        string seconds = _clock.GetUtcNow().ToUnixTimeSeconds().ToString("D10", CultureInfo.InvariantCulture);
        Path = System.IO.Path.Combine(folder, $"events.out.tfevents.{seconds}.{Environment.MachineName}.{Environment.ProcessId}.{Interlocked.Increment(ref _files) - 1}");
        _stream = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            Write(new TensorBoardEvent(Now) { FileVersion = TensorBoardEvent.CurrentFileVersion, Writer = "graft" });
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    private double Now => (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Writes values of a step, with the time of now.</summary>
    /// <param name="step">The optimizer step.</param>
    /// <param name="values">The values.</param>
    public void Write(long step, params IReadOnlyList<SummaryValue> values) => Write(new TensorBoardEvent(Now) { Step = step, Summary = values });

    /// <summary>Makes TensorBoard forget what older files of the folder say of a step and later ones.</summary>
    /// <param name="step">The first step that comes again.</param>
    public void StartSession(long step) => Write(new TensorBoardEvent(Now) { Step = step, StartsSession = true });

    /// <summary>Writes a record.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void Write(TensorBoardEvent record)
    {
        ArgumentNullException.ThrowIfNull(record);
        _stream.Write(EventFraming.Frame(record.ToBytes()));
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
