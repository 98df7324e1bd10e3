using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Graft.Training;

/// <summary><c>graft_run.json</c> of a checkpoint: which run it belongs to, what comes next, and how the files that a resume reads must look.</summary>
internal sealed class CheckpointManifest
{
    public const string FileName = "graft_run.json";
    private const int Version = 1;

    /// <summary>The run.</summary>
    public required RunFingerprint Fingerprint { get; init; }

    /// <summary>What comes next.</summary>
    public required RunPhase Next { get; init; }

    /// <summary>What is still to be logged of the steps before, when logging comes next; otherwise empty, since a resumed run's log begins with the resume.</summary>
    public required double[] LogWindow { get; init; }

    /// <summary>Memory of a schedule that follows a metric.</summary>
    public required double[] Schedule { get; init; }

    /// <summary>Size and SHA-256 of files, by name.</summary>
    public required IReadOnlyDictionary<string, (long Size, string Hash)> Files { get; init; }

    /// <summary>Size and hash of a file as it is now.</summary>
    public static (long Size, string Hash) Measure(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return (stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <summary>Size and hash of a text's UTF-8.</summary>
    public static (long Size, string Hash) MeasureText(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>Reads the file in <paramref name="folder"/>.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or of a newer version.</exception>
    public static CheckpointManifest Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{folder} cannot be resumed: {FileName} is missing. A checkpoint of another tool has no state that Graft can go on from; load its adapter instead", path);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement, path);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path} is damaged: {e.Message}; resume from an older checkpoint", e);
        }
    }

    /// <summary>Checks that the files in <paramref name="folder"/> are those that were written.</summary>
    /// <exception cref="InvalidDataException">One is missing or differs.</exception>
    public void Verify(string folder)
    {
        foreach ((string name, (long size, string hash)) in Files)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new InvalidDataException($"{folder} is damaged: {name} is missing; resume from an older checkpoint");
            }

            (long actualSize, string actualHash) = Measure(path);
            if (actualSize != size || actualHash != hash)
            {
                string what = actualSize != size ? $"has {actualSize} bytes, but {size} were written" : "is not what was written (its SHA-256 differs)";
                throw new InvalidDataException($"{path} is damaged: it {what}; resume from an older checkpoint");
            }
        }
    }

    /// <summary>The file's text.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteString("next", NameOf(Next));
            Fingerprint.Write(writer);
            WriteNumbers(writer, "log_window", LogWindow);
            WriteNumbers(writer, "schedule", Schedule);
            WriteFiles(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static CheckpointManifest Read(JsonElement root, string path)
    {
        int version = root.GetProperty("version").GetInt32();
        if (version != Version)
        {
            throw new InvalidDataException($"{path} is of version {version}; this is a Graft that knows version {Version}");
        }

        string next = root.GetProperty("next").GetString()!;
        return new CheckpointManifest
        {
            Fingerprint = RunFingerprint.Read(root),
            Next = Enum.GetValues<RunPhase>().Cast<RunPhase?>().FirstOrDefault(phase => NameOf(phase!.Value) == next) ?? throw new FormatException($"next is '{next}'"),
            LogWindow = ReadNumbers(root, "log_window"),
            Schedule = ReadNumbers(root, "schedule"),
            Files = root.GetProperty("files").EnumerateObject().ToDictionary(
                file => file.Name, file => (file.Value.GetProperty("size").GetInt64(), file.Value.GetProperty("sha256").GetString()!), StringComparer.Ordinal),
        };
    }

    private static double[] ReadNumbers(JsonElement root, string name)
        => [.. root.GetProperty(name).EnumerateArray().Select(number => BitConverter.Int64BitsToDouble(number.GetInt64()))];

    /// <summary>As bits, since a number may be infinite.</summary>
    private static void WriteNumbers(Utf8JsonWriter writer, string name, double[] numbers)
    {
        writer.WriteStartArray(name);
        foreach (double number in numbers)
        {
            writer.WriteNumberValue(BitConverter.DoubleToInt64Bits(number));
        }

        writer.WriteEndArray();
    }

    private static string NameOf(RunPhase phase) => phase switch
    {
        RunPhase.StepEvents => "step_events",
        RunPhase.EpochEvents => "epoch_events",
        _ => "step",
    };

    private void WriteFiles(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("files");
        foreach ((string name, (long size, string hash)) in Files)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("size", size);
            writer.WriteString("sha256", hash);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
