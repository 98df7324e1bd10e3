namespace Graft.Training.Tracking;

/// <summary>A record of an event file: TensorBoard's <c>Event</c> message.</summary>
/// <param name="WallTime">Seconds since 1970.</param>
public sealed record TensorBoardEvent(double WallTime)
{
    /// <summary>What the first record of a file names.</summary>
    public const string CurrentFileVersion = "brain.Event:2";

    private const int SessionStart = 1;

    /// <summary>The optimizer step.</summary>
    public long Step { get; init; }

    /// <summary>Version of the format; only in a file's first record.</summary>
    public string? FileVersion { get; init; }

    /// <summary>What wrote the file; only in a file's first record.</summary>
    public string? Writer { get; init; }

    /// <summary>Whether a run begins again at <see cref="Step"/>: TensorBoard forgets what it has read of this step and later ones.</summary>
    public bool StartsSession { get; init; }

    /// <summary>The values.</summary>
    public IReadOnlyList<SummaryValue> Summary { get; init; } = [];

    /// <summary>The message.</summary>
    public byte[] ToBytes()
    {
        var writer = new ProtobufWriter();
        writer.Double(1, WallTime);
        writer.Integer(2, Step);
        writer.Text(3, FileVersion);
        if (Summary.Count > 0)
        {
            writer.Message(5, summary =>
            {
                foreach (SummaryValue value in Summary)
                {
                    summary.Message(1, value.Write);
                }
            });
        }

        if (StartsSession)
        {
            writer.Message(7, log => log.Integer(1, SessionStart));
        }

        if (Writer is not null)
        {
            writer.Message(10, source => source.Text(1, Writer));
        }

        return writer.Written.ToArray();
    }
}
