namespace Graft.Training.Tracking;

/// <summary>A record of a .wandb file. The kinds that a training run needs are those below this one.</summary>
public abstract record WandbRecord
{
    /// <summary>Number of the field that holds it in W&amp;B's <c>Record</c> message.</summary>
    protected abstract int Field { get; }

    /// <summary>The whole message.</summary>
    /// <param name="number">Its place in the file, from 1.</param>
    /// <param name="runId">The run that it belongs to; null: not said.</param>
    public byte[] ToBytes(long number, string? runId)
    {
        var writer = new ProtobufWriter();
        writer.Integer(1, number);
        writer.Message(Field, Write);
        if (runId is not null)
        {
            writer.Message(200, information => information.Text(1, runId));
        }

        return writer.Written.ToArray();
    }

    /// <summary>Writes the record's own fields.</summary>
    /// <param name="writer">The message within the record.</param>
    protected internal abstract void Write(ProtobufWriter writer);

    /// <summary>Writes a <c>google.protobuf.Timestamp</c>.</summary>
    private protected static void WriteTime(ProtobufWriter writer, int field, DateTimeOffset time)
    {
        long ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        (long seconds, long rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        writer.Message(field, stamp =>
        {
            stamp.Integer(1, seconds);
            stamp.Integer(2, rest * TimeSpan.NanosecondsPerTick);
        });
    }

    private protected static void WriteItems(ProtobufWriter writer, int field, IEnumerable<WandbItem> items)
    {
        foreach (WandbItem item in items)
        {
            writer.Message(field, item.Write);
        }
    }
}

/// <summary>A key with its value.</summary>
/// <param name="Path">The key; several parts for a value inside nested objects.</param>
/// <param name="ValueJson">The value, see <see cref="WandbJson"/>; null for a key that is removed.</param>
/// <param name="IsNested">Whether the key is written as a path though it has one part, as history does; longer ones always are.</param>
public sealed record WandbItem(IReadOnlyList<string> Path, string? ValueJson, bool IsNested = false)
{
    /// <summary>A value with a plain key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, as <see cref="WandbJson"/> takes it.</param>
    public static WandbItem Of(string key, object? value) => new([key], WandbJson.Write(value));

    /// <summary>Writes the message's fields.</summary>
    internal void Write(ProtobufWriter writer)
    {
        if (IsNested || Path.Count != 1)
        {
            writer.Texts(2, Path);
        }
        else
        {
            writer.Text(1, Path[0]);
        }

        writer.Text(16, ValueJson);
    }
}
