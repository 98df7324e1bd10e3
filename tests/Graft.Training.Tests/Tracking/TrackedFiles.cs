using System.Globalization;
using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

/// <summary>What trackers wrote, read by the rules of their formats.</summary>
internal static class TrackedFiles
{
    /// <summary>Tag, step and value of every scalar of an event file, in order.</summary>
    public static IReadOnlyList<(string Tag, long Step, float Value)> Scalars(string path)
    {
        var scalars = new List<(string, long, float)>();
        foreach (EventRecord record in EventFraming.Read(File.ReadAllBytes(path)))
        {
            long step = Field(record.Data.Span, 2) is { } number ? (long)number.Bits : 0;
            foreach (byte[] summary in Messages(record.Data.Span, 5))
            {
                foreach (byte[] value in Messages(summary, 1))
                {
                    if (Field(value, 2) is { } scalar)
                    {
                        scalars.Add((Texts(value, 1).Single(), step, BitConverter.UInt32BitsToSingle((uint)scalar.Bits)));
                    }
                }
            }
        }

        return scalars;
    }

    /// <summary>Texts of an event file by tag.</summary>
    public static Dictionary<string, string> EventTexts(string path)
        => EventFraming.Read(File.ReadAllBytes(path)).SelectMany(record => Messages(record.Data.Span, 5)).SelectMany(summary => Messages(summary, 1))
            .Where(value => Messages(value, 8).Count > 0).ToDictionary(value => Texts(value, 1).Single(), value => Texts(Messages(value, 8)[0], 8).Single());

    /// <summary>Number of the field and bytes of every record of a .wandb file.</summary>
    public static IReadOnlyList<(int Kind, byte[] Message)> Records(string path)
    {
        var records = new List<(int, byte[])>();
        foreach (LogRecord record in LevelDbLogReader.Read(File.ReadAllBytes(path)))
        {
            var reader = new ProtobufReader(record.Data.Span);
            while (reader.Next())
            {
                if (reader.Field is not (1 or 200))
                {
                    records.Add((reader.Field, reader.Bytes.ToArray()));
                }
            }
        }

        return records;
    }

    /// <summary>Keys and values of a list of items; the parts of a key with dots between.</summary>
    public static Dictionary<string, string> Items(byte[] message, int field)
        => Messages(message, field).ToDictionary(item => string.Join('.', [.. Texts(item, 1), .. Texts(item, 2)]), item => Texts(item, 16).Single());

    /// <summary>Texts of a field.</summary>
    public static IReadOnlyList<string> Texts(byte[] message, int field) => [.. Messages(message, field).Select(System.Text.Encoding.UTF8.GetString)];

    /// <summary>Messages of a field.</summary>
    public static IReadOnlyList<byte[]> Messages(ReadOnlySpan<byte> message, int field)
    {
        var found = new List<byte[]>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                found.Add(reader.Bytes.ToArray());
            }
        }

        return found;
    }

    /// <summary>Lines of an MLflow metric.</summary>
    public static IReadOnlyList<(double Value, int Step)> Metric(string path) => [.. File.ReadAllLines(path).Select(line => line.Split(' ')).Select(parts => (double.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[2])))];

    /// <summary>A number field; null when it is not there.</summary>
    public static (int Field, ulong Bits)? Field(ReadOnlySpan<byte> message, int field)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                return (field, reader.Bits);
            }
        }

        return null;
    }
}
